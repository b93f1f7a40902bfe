package main

import (
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/kubernetes/fake"

	networking "istio.io/api/networking/v1alpha3"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config"
)

func (o *oracle) applyIstio(want map[string]config.Config, rep *swapReport) {
	store := o.s.Store()
	for k, c := range o.istio {
		if _, ok := want[k]; !ok {
			rep.note(store.Delete(c.GroupVersionKind, c.Name, c.Namespace, nil))
		}
	}
	for k, c := range want {
		old, ok := o.istio[k]
		c.ResourceVersion = old.ResourceVersion
		var err error
		if !ok {
			c.ResourceVersion, err = store.Create(c)
		} else if !old.Equals(&c) {
			c.ResourceVersion = "" // overwrite, whatever is there
			c.ResourceVersion, err = store.Update(c)
		}
		rep.note(err)
		want[k] = c
	}
	o.istio = want
}

func (o *oracle) applyKube(want map[string]kubeObject, rep *swapReport) {
	tracker := o.s.KubeClient().Kube().(*fake.Clientset).Tracker()
	for k, x := range o.kube {
		if _, ok := want[k]; !ok {
			rep.note(tracker.Delete(x.gvr, x.meta.GetNamespace(), x.meta.GetName()))
		}
	}
	for k, x := range want {
		old, ok := o.kube[k]
		x.meta.SetResourceVersion(fmt.Sprint(o.version))
		if !ok {
			rep.note(tracker.Create(x.gvr, x.obj, x.meta.GetNamespace()))
		} else if old.text != x.text {
			rep.note(tracker.Update(x.gvr, x.obj, x.meta.GetNamespace()))
		}
	}
	o.kube = want
}

// missing names something applied that istiod's derived state does not show yet, or "".
func (o *oracle) missing() string {
	if name := o.missingVirtualService(); name != "" {
		return name
	}
	want, have := o.wantedHosts(), map[string]bool{}
	for _, s := range o.s.Env().ServiceDiscovery.Services() {
		have[string(s.Hostname)] = true
	}
	for h := range want {
		if !have[h] {
			return "host " + h
		}
	}
	for h := range have {
		if !want[h] {
			return "the removal of host " + h
		}
	}
	return o.missingEndpoints(want)
}

func (o *oracle) missingVirtualService() string {
	have := map[string]string{}
	for _, m := range o.s.Env().VirtualServiceController.MergedVirtualServices() {
		have[m.Namespace+"/"+m.Name] = m.ResourceVersion
	}
	count := 0
	for k, c := range o.istio {
		spec, ok := c.Spec.(*networking.VirtualService)
		if !ok || len(spec.Hosts) == 0 { // a delegate shows in the one that names it
			continue
		}
		count++
		if have[c.Namespace+"/"+c.Name] != c.ResourceVersion {
			return k
		}
	}
	if count != len(have) {
		return "the removal of a VirtualService"
	}
	return ""
}

// wantedHosts are the host names of the applied Services and ServiceEntries.
func (o *oracle) wantedHosts() map[string]bool {
	hosts := map[string]bool{}
	for _, c := range o.istio {
		if spec, ok := c.Spec.(*networking.ServiceEntry); ok {
			for _, h := range spec.Hosts {
				hosts[h] = true
			}
		}
	}
	for _, x := range o.kube {
		if s, ok := x.obj.(*corev1.Service); ok {
			hosts[s.Name+"."+s.Namespace+".svc.cluster.local"] = true
		}
	}
	return hosts
}

func (o *oracle) missingEndpoints(hosts map[string]bool) string {
	for service, want := range o.wantedEndpoints() {
		host, ns := service+".svc.cluster.local", service[strings.LastIndex(service, ".")+1:]
		if !hosts[host] {
			continue
		}
		have := map[string]bool{}
		if shards, ok := o.s.Env().EndpointIndex.ShardsForService(host, ns); ok {
			shards.RLock()
			for _, endpoints := range shards.Shards {
				for _, e := range endpoints {
					if e.HealthStatus == model.Healthy {
						have[fmt.Sprintf("%s:%d", e.Addresses[0], e.EndpointPort)] = true
					}
				}
			}
			shards.RUnlock()
		}
		if !maps.Equal(have, want) {
			return "the endpoints of " + host
		}
	}
	return ""
}

// wantedEndpoints are the addresses of the applied EndpointSlices by service (name.namespace).
func (o *oracle) wantedEndpoints() map[string]map[string]bool {
	found := map[string]map[string]bool{}
	for _, x := range o.kube {
		s, ok := x.obj.(*discoveryv1.EndpointSlice)
		if !ok {
			continue
		}
		service := s.Labels[discoveryv1.LabelServiceName] + "." + s.Namespace
		if found[service] == nil {
			found[service] = map[string]bool{}
		}
		for _, e := range s.Endpoints {
			for _, p := range s.Ports {
				if e.Conditions.Ready == nil || *e.Conditions.Ready {
					found[service][fmt.Sprintf("%s:%d", e.Addresses[0], *p.Port)] = true
				}
			}
		}
	}
	return found
}
