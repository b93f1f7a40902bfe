package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"istio.io/istio/manifests"
	"istio.io/istio/pkg/config"
	configcrd "istio.io/istio/pkg/config/crd"
	"istio.io/istio/pkg/config/schema/collections"
	webhook "istio.io/istio/pkg/webhooks/validation/server"
)

const crdFile = "charts/base/files/crd-all.gen.yaml"

// resourceReport says what a cluster says to one object. Each error begins with who
// refuses: yaml, apiserver, crd (the CRD's schema), strict (an unknown field or enum
// value), webhook (istiod's admission).
type resourceReport struct {
	Kind       string   `json:"kind"`
	APIVersion string   `json:"apiVersion"`
	Name       string   `json:"name"`
	Namespace  string   `json:"namespace"`
	Istio      bool     `json:"istio"` // a kind that istiod validates; others are only parsed
	Errors     []string `json:"errors"`
	Warnings   []string `json:"warnings"`
}

type report struct {
	OK        bool             `json:"ok"` // no resource was refused (analysis does not count)
	Resources []resourceReport `json:"resources"`
	Analysis  []any            `json:"analysis,omitempty"`
	Failure   string           `json:"failure,omitempty"` // the analyzers themselves could not run
}

// validator holds what a cluster puts between kubectl and the store: the CRD schemas
// (OpenAPI, list types, pruning, CEL) as the API server applies them, and istiod's webhook.
type validator struct {
	crds *configcrd.Validator
	hook *http.ServeMux
}

func newValidator() (*validator, error) {
	b, err := fs.ReadFile(manifests.FS, crdFile)
	if err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp("", "istio-crds-*.yaml")
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(b); err != nil {
		return nil, err
	}
	if err := tmp.Close(); err != nil {
		return nil, err
	}
	crds, err := newCRDValidator(tmp.Name())
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	_, err = webhook.New(webhook.Options{Schemas: collections.PilotGatewayAPI(), DomainSuffix: "cluster.local", Mux: mux})
	return &validator{crds: crds, hook: mux}, err
}

// Report checks every document and, if asked, analyzes them together.
func (v *validator) Report(in string, analyze bool) report {
	rep := report{OK: true, Resources: []resourceReport{}}
	for _, d := range parseDocs(in) {
		r := v.Check(d)
		rep.OK = rep.OK && len(r.Errors) == 0
		rep.Resources = append(rep.Resources, r)
	}
	if analyze {
		msgs, err := runAnalyzers(in)
		if err != nil {
			rep.Failure = err.Error()
		}
		rep.Analysis = msgs
	}
	return rep
}

// Check reports what the API server and istiod's webhook say to creating one object.
func (v *validator) Check(d doc) resourceReport {
	r := resourceReport{
		Kind: d.obj.GetKind(), APIVersion: d.obj.GetAPIVersion(), Name: d.obj.GetName(), Namespace: d.obj.GetNamespace(),
		Errors: []string{}, Warnings: []string{},
	}
	if d.err != nil {
		r.Errors = append(r.Errors, "yaml: "+d.err.Error())
		return r
	}
	if !strings.HasSuffix(d.obj.GroupVersionKind().Group, ".istio.io") {
		return r
	}
	r.Istio = true
	if r.Name == "" {
		r.Errors = append(r.Errors, "apiserver: metadata.name is required")
	}
	if err := v.crds.ValidateCustomResource(d.obj.DeepCopy()); err != nil {
		r.Errors = append(r.Errors, "crd: "+err.Error())
	}
	// ValidateCustomResource stops at its first class of error; look for unknown fields in any case.
	if s, ok := istioSchema(d.obj); ok {
		if spec, err := json.Marshal(d.obj.Object["spec"]); err == nil {
			if c, err := s.NewInstance(); err == nil {
				if err := config.ApplyJSONStrict(c, string(spec)); err != nil {
					r.Errors = append(r.Errors, "strict: "+err.Error())
				}
			}
		}
	}
	allowed, msg, warnings := v.admit(d.obj)
	if !allowed {
		r.Errors = append(r.Errors, "webhook: "+msg)
	}
	r.Warnings = append(r.Warnings, warnings...)
	return r
}

// admit sends an AdmissionReview to istiod's validating webhook handler, in process.
func (v *validator) admit(u *unstructured.Unstructured) (allowed bool, message string, warnings []string) {
	raw, err := u.MarshalJSON()
	if err != nil {
		return false, err.Error(), nil
	}
	g := u.GroupVersionKind()
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Operation: admissionv1.Create, Name: u.GetName(), Namespace: u.GetNamespace(),
			Kind:   metav1.GroupVersionKind{Group: g.Group, Version: g.Version, Kind: g.Kind},
			Object: runtime.RawExtension{Raw: raw},
		},
	})
	if err != nil {
		return false, err.Error(), nil
	}
	req := httptest.NewRequest(http.MethodPost, "/validate", bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	v.hook.ServeHTTP(rec, req)
	var answer admissionv1.AdmissionReview
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || answer.Response == nil {
		return false, fmt.Sprintf("no admission response (%d): %s", rec.Code, rec.Body), nil
	}
	if answer.Response.Result != nil {
		message = answer.Response.Result.Message
	}
	return answer.Response.Allowed, message, answer.Response.Warnings
}
