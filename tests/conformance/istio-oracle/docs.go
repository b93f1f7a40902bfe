package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	schemaresource "istio.io/istio/pkg/config/schema/resource"
	"istio.io/istio/pkg/test/util/yml"
)

// doc is one YAML document: its text and, if it could be read, its object.
type doc struct {
	raw string
	obj *unstructured.Unstructured
	err error
}

// parseDocs reads documents as the API server reads them; Lists are opened.
func parseDocs(in string) []doc {
	var out []doc
	for _, raw := range yml.SplitString(in) {
		m := map[string]any{}
		err := yaml.UnmarshalStrict([]byte(raw), &m) // strict: a repeated key is an error
		if err == nil && len(m) == 0 {
			continue
		}
		if err == nil && m["kind"] == "List" {
			items, _ := m["items"].([]any)
			for _, item := range items {
				b, _ := yaml.Marshal(item)
				out = append(out, parseDocs(string(b))...)
			}
			continue
		}
		d := doc{raw: raw, err: err, obj: &unstructured.Unstructured{Object: m}}
		// Through JSON, as the API server does, so that numbers have the types it expects.
		if err == nil {
			if b, e := yaml.YAMLToJSON([]byte(raw)); e != nil {
				d.err = e
			} else if e := d.obj.UnmarshalJSON(b); e != nil {
				d.err = e
			}
		}
		if d.obj.GetNamespace() == "" && d.obj.GetKind() != "Namespace" {
			d.obj.SetNamespace("default")
		}
		out = append(out, d)
	}
	return out
}

// readFiles joins the YAML files named, or found below the folders named.
func readFiles(paths []string) string {
	var files []string
	for _, p := range paths {
		fatalIf(filepath.WalkDir(p, func(f string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && (f == p || strings.HasSuffix(f, ".yaml") || strings.HasSuffix(f, ".yml")) {
				files = append(files, f)
			}
			return err
		}))
	}
	sort.Strings(files)
	var all []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		fatalIf(err)
		all = append(all, string(b))
	}
	return strings.Join(all, "\n---\n")
}

func objKey(kind, ns, name string) string { return kind + "/" + ns + "/" + name }

// istioSchema finds the schema of an Istio kind, or false for a Kubernetes kind.
func istioSchema(u *unstructured.Unstructured) (schemaresource.Schema, bool) {
	g := u.GroupVersionKind()
	if !strings.HasSuffix(g.Group, ".istio.io") {
		return nil, false
	}
	return collections.Pilot.FindByGroupVersionAliasesKind(schemaresource.FromKubernetesGVK(&g))
}

// toConfig makes of an object what istiod's store holds.
func toConfig(s schemaresource.Schema, u *unstructured.Unstructured) (*config.Config, error) {
	b, err := u.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var k crd.IstioKind
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, err
	}
	return crd.ConvertObject(s, &k, "cluster.local")
}
