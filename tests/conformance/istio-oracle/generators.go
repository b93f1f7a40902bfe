package main

import (
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/types/known/anypb"

	"istio.io/istio/pilot/pkg/model"
)

// loopbackListeners moves every listener that istiod generates from 0.0.0.0:N to
// 127.0.0.1:N+offset, and changes nothing else of it.
type loopbackListeners struct {
	model.XdsResourceGenerator
	offset int
}

func (g *loopbackListeners) Generate(p *model.Proxy, w *model.WatchedResource, req *model.PushRequest) (model.Resources, model.XdsLogDetails, error) {
	res, details, err := g.XdsResourceGenerator.Generate(p, w, req)
	if err != nil {
		return res, details, err
	}
	for _, r := range res {
		l := &listener.Listener{}
		if err := r.Resource.UnmarshalTo(l); err != nil {
			return nil, details, err
		}
		move(l.Address, g.offset)
		for _, a := range l.AdditionalAddresses {
			move(a.Address, g.offset)
		}
		if r.Resource, err = anypb.New(l); err != nil {
			return nil, details, err
		}
	}
	return res, details, nil
}

// loopbackEndpoints lets Pods have addresses of their own in the model (127.0.0.0/8: istiod
// takes two endpoints of a Service at one address and port name for one) while all upstream
// servers listen on 127.0.0.1: 127.x.y.z:N becomes 127.0.0.1:N.
type loopbackEndpoints struct {
	model.XdsDeltaResourceGenerator
}

func (g *loopbackEndpoints) Generate(p *model.Proxy, w *model.WatchedResource, req *model.PushRequest) (model.Resources, model.XdsLogDetails, error) {
	res, details, err := g.XdsDeltaResourceGenerator.Generate(p, w, req)
	if err == nil {
		res, err = g.rewrite(res)
	}
	return res, details, err
}

func (g *loopbackEndpoints) GenerateDeltas(p *model.Proxy, req *model.PushRequest, w *model.WatchedResource) (
	model.Resources, model.DeletedResources, model.XdsLogDetails, bool, error,
) {
	res, del, details, delta, err := g.XdsDeltaResourceGenerator.GenerateDeltas(p, req, w)
	if err == nil {
		res, err = g.rewrite(res)
	}
	return res, del, details, delta, err
}

func (g *loopbackEndpoints) rewrite(in model.Resources) (model.Resources, error) {
	if in == nil {
		return nil, nil
	}
	out := model.Resources{}
	for _, r := range in { // r may be shared with istiod's cache: copy
		cla := &endpoint.ClusterLoadAssignment{}
		if err := r.Resource.UnmarshalTo(cla); err != nil {
			return nil, err
		}
		for _, loc := range cla.Endpoints {
			for _, e := range loc.LbEndpoints {
				if sa := e.GetEndpoint().GetAddress().GetSocketAddress(); strings.HasPrefix(sa.GetAddress(), "127.") {
					sa.Address = "127.0.0.1"
				}
			}
		}
		a, err := anypb.New(cla)
		if err != nil {
			return nil, err
		}
		out = append(out, &discovery.Resource{Name: r.Name, Aliases: r.Aliases, Version: r.Version, Resource: a, Ttl: r.Ttl, CacheControl: r.CacheControl})
	}
	return out, nil
}

func move(a *core.Address, offset int) {
	sa := a.GetSocketAddress()
	if sa == nil {
		return
	}
	sa.Address = "127.0.0.1"
	if pv, ok := sa.PortSpecifier.(*core.SocketAddress_PortValue); ok && pv.PortValue+uint32(offset) < 65536 {
		pv.PortValue += uint32(offset)
	}
}

// promptSecrets tells Envoy of secrets that do not exist, where istiod says nothing if none of
// those asked for does. Envoy would wait for them for 15 s (initial_fetch_timeout) and then go
// on without them all the same.
type promptSecrets struct{ model.XdsResourceGenerator }

func (g *promptSecrets) Generate(p *model.Proxy, w *model.WatchedResource, req *model.PushRequest) (model.Resources, model.XdsLogDetails, error) {
	res, details, err := g.XdsResourceGenerator.Generate(p, w, req)
	if err == nil && res == nil && req.Forced {
		res = model.Resources{} // the response then lists all as removed (pilot/pkg/xds, pushDeltaXds)
	}
	return res, details, err
}
