package main

import (
	"sync/atomic"

	"istio.io/istio/pilot/pkg/model"
)

// gate keeps istiod from telling Envoy of a half-applied configuration: what Envoy has
// accepted of one, it would keep when it rejects the whole.
type gate struct{ held atomic.Bool }

// wrap puts the gate before a generator. One that generates nothing sends nothing
// (pilot/pkg/xds, pushDeltaXds).
func (g *gate) wrap(inner model.XdsResourceGenerator) model.XdsResourceGenerator {
	if delta, ok := inner.(model.XdsDeltaResourceGenerator); ok {
		return &gatedDelta{gated{g, inner}, delta}
	}
	return &gated{g, inner}
}

type gated struct {
	gate  *gate
	inner model.XdsResourceGenerator
}

func (g *gated) Generate(p *model.Proxy, w *model.WatchedResource, req *model.PushRequest) (model.Resources, model.XdsLogDetails, error) {
	if g.gate.held.Load() {
		return nil, model.DefaultXdsLogDetails, nil
	}
	return g.inner.Generate(p, w, req)
}

type gatedDelta struct {
	gated
	delta model.XdsDeltaResourceGenerator
}

func (g *gatedDelta) GenerateDeltas(p *model.Proxy, req *model.PushRequest, w *model.WatchedResource) (
	model.Resources, model.DeletedResources, model.XdsLogDetails, bool, error,
) {
	if g.gate.held.Load() {
		return nil, nil, model.DefaultXdsLogDetails, false, nil
	}
	return g.delta.GenerateDeltas(p, req, w)
}
