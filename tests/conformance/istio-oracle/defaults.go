package main

import (
	"fmt"
	"hash/fnv"
	"maps"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// defaulted does what the API server and its controllers would do and the fake client does not.
func defaulted(obj runtime.Object) []runtime.Object {
	switch x := obj.(type) {
	case *corev1.Namespace:
		if x.Labels == nil {
			x.Labels = map[string]string{}
		}
		x.Labels["kubernetes.io/metadata.name"] = x.Name
		x.Namespace = ""
	case *corev1.Service:
		defaultService(x)
	case *corev1.Secret:
		if x.Data == nil {
			x.Data = map[string][]byte{}
		}
		for k, v := range x.StringData {
			x.Data[k] = []byte(v)
		}
		x.StringData = nil
	case *discoveryv1.EndpointSlice:
		if x.AddressType == "" {
			x.AddressType = discoveryv1.AddressTypeIPv4
		}
		tcp := corev1.ProtocolTCP
		for i := range x.Ports {
			if x.Ports[i].Protocol == nil {
				x.Ports[i].Protocol = &tcp
			}
			if x.Ports[i].Name == nil {
				x.Ports[i].Name = new(string)
			}
		}
	case *corev1.Endpoints: //nolint:staticcheck // istiod reads slices only; a controller mirrors Endpoints
		return mirrored(x)
	}
	return []runtime.Object{obj}
}

func defaultService(x *corev1.Service) {
	if x.Spec.Type == "" {
		x.Spec.Type = corev1.ServiceTypeClusterIP
	}
	if x.Spec.ClusterIP == "" && x.Spec.Type != corev1.ServiceTypeExternalName {
		h := fnv.New32a()
		_, _ = h.Write([]byte(x.Namespace + "/" + x.Name))
		x.Spec.ClusterIP = fmt.Sprintf("10.96.%d.%d", h.Sum32()>>8&0x7f, h.Sum32()&0xff)
	}
	for i := range x.Spec.Ports {
		p := &x.Spec.Ports[i]
		if p.Protocol == "" {
			p.Protocol = corev1.ProtocolTCP
		}
		if p.TargetPort == (intstr.IntOrString{}) {
			p.TargetPort = intstr.FromInt32(p.Port)
		}
	}
}

// mirrored makes EndpointSlices of an Endpoints, one of each subset.
func mirrored(x *corev1.Endpoints) []runtime.Object { //nolint:staticcheck // see defaulted
	var out []runtime.Object
	ready, tcp := true, corev1.ProtocolTCP
	for i, sub := range x.Subsets {
		s := &discoveryv1.EndpointSlice{
			TypeMeta:    metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
			ObjectMeta:  metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", x.Name, i), Namespace: x.Namespace},
			AddressType: discoveryv1.AddressTypeIPv4,
		}
		s.Labels = map[string]string{discoveryv1.LabelServiceName: x.Name}
		maps.Copy(s.Labels, x.Labels)
		for _, a := range sub.Addresses {
			s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
				Addresses: []string{a.IP}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}, TargetRef: a.TargetRef,
			})
		}
		for _, p := range sub.Ports {
			s.Ports = append(s.Ports, discoveryv1.EndpointPort{Name: &p.Name, Port: &p.Port, Protocol: &tcp, AppProtocol: p.AppProtocol})
		}
		out = append(out, s)
	}
	return out
}
