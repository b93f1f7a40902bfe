package main

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/config/resource"
)

// runAnalyzers is `istioctl analyze` over the given documents, with the gateway of
// baseObjects, taken as the whole cluster (Services, Pods, Secrets count as running).
func runAnalyzers(in string) ([]any, error) {
	stop := make(chan struct{})
	defer close(stop)
	byKey := map[string]string{}
	for _, d := range parseDocs(baseObjects + "\n---\n" + in) {
		if d.err != nil {
			continue
		}
		encodeStringData(d.obj)
		y, err := yaml.Marshal(d.obj.Object)
		if err != nil {
			return nil, err
		}
		byKey[objKey(d.obj.GetKind(), d.obj.GetNamespace(), d.obj.GetName())] = string(y)
	}
	var docs []string
	for _, k := range slices.Sorted(maps.Keys(byKey)) {
		docs = append(docs, byKey[k])
	}
	sa := local.NewIstiodAnalyzer(analyzers.AllCombined(), "", resource.Namespace(gatewayNS), nil)
	readErr := sa.AddTestReaderKubeSource([]local.ReaderSource{{Name: "input", Reader: strings.NewReader(strings.Join(docs, "---\n"))}})
	res, err := sa.Analyze(stop)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for i := range res.Messages {
		m := &res.Messages[i]
		u := m.Unstructured(false)
		if m.Resource != nil {
			u["kind"] = m.Resource.Metadata.Schema.Kind()
			u["name"] = m.Resource.Metadata.FullName.Name.String()
			u["namespace"] = m.Resource.Metadata.FullName.Namespace.String()
		}
		out = append(out, u)
	}
	return out, readErr
}

// encodeStringData moves a Secret's stringData into its data, as the API server does.
func encodeStringData(u *unstructured.Unstructured) {
	given, ok := u.Object["stringData"].(map[string]any)
	if !ok {
		return
	}
	data, _ := u.Object["data"].(map[string]any)
	if data == nil {
		data = map[string]any{}
	}
	for k, v := range given {
		data[k] = base64.StdEncoding.EncodeToString([]byte(fmt.Sprint(v)))
	}
	u.Object["data"] = data
	delete(u.Object, "stringData")
}
