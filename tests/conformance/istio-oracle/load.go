package main

import (
	"encoding/json"
	"fmt"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"istio.io/istio/pkg/config"
	kubelib "istio.io/istio/pkg/kube"
)

// epoch is when an object without a creation time was made: one second for all of them,
// as for one kubectl apply; Istio's order is then by name.
var epoch = time.Now().Truncate(time.Second)

// kubeObject is a Kubernetes object and the text it came from.
type kubeObject struct {
	gvr  schema.GroupVersionResource
	obj  runtime.Object
	meta metav1.Object
	text string
}

// wanted is a whole configuration, by kind/namespace/name.
type wanted struct {
	istio map[string]config.Config
	kube  map[string]kubeObject
	mesh  string
}

// load sorts documents into Istio configuration, Kubernetes objects and mesh configuration.
func (o *oracle) load(in string, check bool, rep *swapReport) wanted {
	w := wanted{istio: map[string]config.Config{}, kube: map[string]kubeObject{}}
	for _, d := range parseDocs(in) {
		err := d.err
		if err == nil {
			err = o.loadOne(d, check, rep, &w)
		}
		if err != nil {
			rep.Errors = append(rep.Errors, fmt.Sprintf("%s: %v", objKey(d.obj.GetKind(), d.obj.GetNamespace(), d.obj.GetName()), err))
		}
	}
	return w
}

func (o *oracle) loadOne(d doc, check bool, rep *swapReport, w *wanted) error {
	if s, ok := istioSchema(d.obj); ok {
		if check {
			r := o.v.Check(d)
			if len(r.Errors) > 0 {
				rep.Refused = append(rep.Refused, r)
				return nil
			}
			if len(r.Warnings) > 0 {
				rep.Warnings = append(rep.Warnings, r)
			}
		}
		c, err := toConfig(s, d.obj)
		if err != nil {
			return err
		}
		if c.CreationTimestamp.IsZero() {
			c.CreationTimestamp = epoch
		}
		w.istio[objKey(c.GroupVersionKind.Kind, c.Namespace, c.Name)] = *c
		return nil
	}
	if d.obj.GetKind() == "ConfigMap" && d.obj.GetNamespace() == gatewayNS && d.obj.GetName() == "istio" {
		data, _ := d.obj.Object["data"].(map[string]any)
		w.mesh, _ = data["mesh"].(string)
		return nil
	}
	b, err := d.obj.MarshalJSON()
	if err != nil {
		return err
	}
	decoded, g, err := kubelib.IstioCodec.UniversalDeserializer().Decode(b, nil, nil)
	if err != nil {
		return err
	}
	for _, obj := range defaulted(decoded) {
		m, err := meta.Accessor(obj)
		if err != nil {
			return err
		}
		kind := *g
		if _, ok := obj.(*discoveryv1.EndpointSlice); ok { // may stand for an Endpoints
			kind = discoveryv1.SchemeGroupVersion.WithKind("EndpointSlice")
		}
		gvr, _ := meta.UnsafeGuessKindToResource(kind)
		text, err := json.Marshal(obj)
		if err != nil {
			return err
		}
		w.kube[objKey(kind.Kind, m.GetNamespace(), m.GetName())] = kubeObject{gvr, obj, m, string(text)}
	}
	return nil
}
