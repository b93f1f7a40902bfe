package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"istio.io/istio/pilot/pkg/model"
	v3 "istio.io/istio/pilot/pkg/xds/v3"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
)

const (
	applyTimeout = 10 * time.Second
	quietFor     = 5 * time.Millisecond
)

// pushedTypes are those whose answers by Envoy a push waits for.
var pushedTypes = []string{v3.ClusterType, v3.EndpointType, v3.ListenerType, v3.RouteType, v3.SecretType, v3.ExtensionConfigurationType}

// swapReport is the answer to a change of configuration.
type swapReport struct {
	OK        bool               `json:"ok"` // everything accepted, pushed, acknowledged and warm
	Refused   []resourceReport   `json:"refused"`
	Warnings  []resourceReport   `json:"warnings"`
	Rejected  map[string]string  `json:"rejected"` // xDS type -> Envoy's reason (NACK)
	Warming   map[string]int     `json:"warming"`  // what Envoy still waits for (e.g. a missing TLS secret)
	Listeners map[string]string  `json:"listeners"`
	Timing    map[string]float64 `json:"timing_ms"`
	Errors    []string           `json:"errors"`
}

func (r *swapReport) note(err error) {
	if err != nil {
		r.Errors = append(r.Errors, err.Error())
	}
}

// Swap makes the given documents, on top of the base objects, the whole configuration; with
// check, a resource that the cluster would refuse is left out and reported.
func (o *oracle) Swap(in string, check bool) swapReport {
	o.mu.Lock()
	defer o.mu.Unlock()
	t0 := time.Now()
	o.version++
	rep := swapReport{
		Refused: []resourceReport{}, Warnings: []resourceReport{}, Rejected: map[string]string{}, Warming: map[string]int{},
		Listeners: map[string]string{}, Timing: map[string]float64{}, Errors: []string{},
	}
	lap := func(name string) { rep.Timing[name] = ms(time.Since(t0)); t0 = time.Now() }

	want := o.load(baseObjects+"\n---\n"+in, check, &rep)
	lap("validate")
	o.gate.held.Store(true)
	o.applyIstio(want.istio, &rep)
	o.applyKube(want.kube, &rep)
	o.applyMesh(want.mesh, &rep)
	rep.note(o.settle())
	o.gate.held.Store(false)
	lap("apply")
	rep.note(o.push(&rep))
	lap("push")
	if len(o.s.Discovery.Clients()) > 0 {
		rep.note(o.warm(&rep))
	}
	lap("warm")
	rep.OK = len(rep.Refused)+len(rep.Rejected)+len(rep.Warming)+len(rep.Errors) == 0
	return rep
}

func (o *oracle) applyMesh(text string, rep *swapReport) {
	if text == o.mesh {
		return
	}
	m, err := mesh.ApplyMeshConfigDefaults(text)
	if err != nil {
		rep.Errors = append(rep.Errors, "mesh config: "+err.Error())
		return
	}
	o.s.Env().Watcher.(meshwatcher.TestWatcher).Set(m)
	o.mesh = text
}

// settle waits until istiod's asynchronous parts (informers, derived collections) show what
// was applied and no further update has come in for a moment.
func (o *oracle) settle() error {
	d := o.s.Discovery
	deadline := time.Now().Add(applyTimeout)
	quiet, last := time.Now(), int64(-1)
	for {
		in := d.InboundUpdates.Load()
		if in != last || d.CommittedUpdates.Load() < in {
			last, quiet = in, time.Now()
		} else if time.Since(quiet) >= quietFor {
			if missing := o.missing(); missing == "" {
				return nil
			} else if time.Now().After(deadline) {
				return errors.New("istiod does not show " + missing)
			}
		}
		if time.Now().After(deadline) {
			return errors.New("istiod did not settle")
		}
		time.Sleep(500 * time.Microsecond)
	}
}

// push sends everything and waits until every connected Envoy has answered.
func (o *oracle) push(rep *swapReport) error {
	for _, c := range o.s.Discovery.Clients() {
		for _, typ := range pushedTypes {
			watched(c.Proxy(), typ, func(w *model.WatchedResource) { w.LastError = "" })
		}
	}
	earlier := pushNumber(o.s.Env().PushContext().PushVersion)
	if err := o.forcePush(); err != nil {
		return err
	}
	for start := time.Now(); ; time.Sleep(300 * time.Microsecond) {
		waiting := o.unanswered(earlier, rep)
		if waiting == "" {
			return nil
		}
		if time.Since(start) > applyTimeout {
			return errors.New("envoy did not answer " + waiting)
		}
	}
}

// forcePush has istiod send everything to every Envoy.
func (o *oracle) forcePush() error {
	d := o.s.Discovery
	d.ConfigUpdate(pushOfAll())
	deadline := time.Now().Add(applyTimeout)
	for want := d.InboundUpdates.Load(); d.CommittedUpdates.Load() < want; time.Sleep(200 * time.Microsecond) {
		if time.Now().After(deadline) {
			return errors.New("the push was not committed")
		}
	}
	return nil
}

// pushNumber is the number at the end of a push's version (DiscoveryServer.NextVersion).
func pushNumber(version string) int {
	number, _ := strconv.Atoi(version[strings.LastIndex(version, "/")+1:])
	return number
}

// pushOf is the number of the push that a nonce was sent in, 0 for none: a nonce is the push's
// version and a UUID (pilot/pkg/xds, nonce).
func pushOf(nonce string) int {
	return pushNumber(nonce[:max(0, len(nonce)-len("00000000-0000-0000-0000-000000000000"))])
}

// unanswered names a type that Envoy has not answered yet, or "", and reports the types that
// it has rejected. A forced push always sends clusters and listeners: what Envoy answers has to be of
// a later push than the `earlier` one, which may still be on its way and knows neither all objects
// nor the mesh configuration.
func (o *oracle) unanswered(earlier int, rep *swapReport) string {
	waiting := ""
	rep.Rejected = map[string]string{}
	for _, c := range o.s.Discovery.Clients() {
		for _, typ := range pushedTypes {
			var w model.WatchedResource
			if !watched(c.Proxy(), typ, func(p *model.WatchedResource) { w = *p }) {
				continue
			}
			always := typ == v3.ClusterType || typ == v3.ListenerType
			switch {
			case always && pushOf(w.NonceSent) <= earlier:
				waiting = v3.GetShortType(typ)
			case w.LastError != "":
				rep.Rejected[v3.GetShortType(typ)] = w.LastError
			case w.NonceSent != w.NonceAcked:
				waiting = v3.GetShortType(typ)
			}
		}
	}
	return waiting
}

// watched runs f, under the proxy's lock, on what it watches of a type; false if it does not.
func watched(p *model.Proxy, typ string, f func(*model.WatchedResource)) bool {
	found := false
	p.UpdateWatchedResource(typ, func(w *model.WatchedResource) *model.WatchedResource {
		if w != nil {
			found = true
			f(w)
		}
		return w
	})
	return found
}
