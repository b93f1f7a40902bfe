// Record what ingress-nginx itself makes of annotations and of its ConfigMap.
//
// Reads cases, one JSON object a line, and writes them again with a new "out"; see README.md.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"

	apiv1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"k8s.io/ingress-nginx/internal/ingress/annotations"
	"k8s.io/ingress-nginx/internal/ingress/annotations/auth"
	"k8s.io/ingress-nginx/internal/ingress/annotations/parser"
	"k8s.io/ingress-nginx/internal/ingress/controller/config"
	"k8s.io/ingress-nginx/internal/ingress/controller/template"
	"k8s.io/ingress-nginx/internal/ingress/defaults"
	"k8s.io/ingress-nginx/internal/ingress/resolver"
)

type testCase struct {
	Annotations map[string]string `json:"annotations,omitempty"`
	ConfigMap   map[string]string `json:"configmap,omitempty"`
	Unchecked   bool              `json:"unchecked,omitempty"`
	Out         outcome           `json:"out"`
}

type outcome struct {
	Dropped bool           `json:"dropped,omitempty"`
	Denied  bool           `json:"denied,omitempty"`
	TLS     bool           `json:"tls,omitempty"`
	Set     map[string]any `json:"set,omitempty"`
}

// generated are leaves that no annotation states: names of files, zones and locations.
var generated = regexp.MustCompile(
	`^(BasicDigestAuth\.file|Mirror\.source|RateLimit\..*(ID|id|name|Name|sharedSize))$`)

// cluster has every object whose namespace and name are both given.
type cluster struct{ config config.Configuration }

func exists(name string) error {
	parts := strings.Split(name, "/")
	if len(parts) != 2 || parts[0] == "" || parts[1] == "" {
		return errors.New("not found")
	}
	return nil
}

func (c cluster) GetDefaultBackend() defaults.Backend { return c.config.Backend }

func (c cluster) GetSecurityConfiguration() defaults.SecurityConfiguration {
	return defaults.SecurityConfiguration{
		AllowCrossNamespaceResources: c.config.AllowCrossNamespaceResources,
		AnnotationsRiskLevel:         c.config.AnnotationsRiskLevel,
	}
}

func (c cluster) GetConfigMap(name string) (*apiv1.ConfigMap, error) {
	return &apiv1.ConfigMap{}, exists(name)
}

func (c cluster) GetSecret(name string) (*apiv1.Secret, error) {
	return &apiv1.Secret{Data: map[string][]byte{"auth": []byte("u:p")}}, exists(name)
}

func (c cluster) GetAuthCertificate(name string) (*resolver.AuthSSLCert, error) {
	return &resolver.AuthSSLCert{Secret: name}, exists(name)
}

func (c cluster) GetService(name string) (*apiv1.Service, error) {
	return &apiv1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}}, exists(name)
}

func extract(names map[string]string, c config.Configuration) (*annotations.Ingress, error) {
	full := map[string]string{}
	for name, value := range names {
		full[parser.GetAnnotationWithPrefix(name)] = value
	}
	ingress := &networking.Ingress{ObjectMeta: metav1.ObjectMeta{
		Name: "i", Namespace: "default", UID: "u", Annotations: full,
	}}
	found, err := annotations.NewAnnotationExtractor(cluster{c}).Extract(ingress)
	if found != nil {
		found.ObjectMeta = metav1.ObjectMeta{}
	}
	return found, err
}

func leaves(prefix string, value any, found map[string]any) {
	if object, ok := value.(map[string]any); ok {
		for key, inner := range object {
			leaves(strings.TrimPrefix(prefix+"."+key, "."), inner, found)
		}
		return
	}
	found[prefix] = value
}

func flat(value any) map[string]any {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		panic(err)
	}
	found := map[string]any{}
	leaves("", tree, found)
	return found
}

func difference(value, from any) map[string]any {
	now, before, found := flat(value), flat(from), map[string]any{}
	for key, leaf := range now {
		if !reflect.DeepEqual(leaf, before[key]) {
			found[key] = leaf
		}
	}
	for key := range before {
		if _, there := now[key]; !there {
			found[key] = nil
		}
	}
	return found
}

func record(c testCase) outcome {
	settings := template.ReadConfig(c.ConfigMap)
	if c.Annotations == nil {
		return outcome{Set: difference(settings, template.ReadConfig(nil))}
	}
	parser.EnableAnnotationValidation = !c.Unchecked
	found, err := extract(c.Annotations, settings)
	if err != nil {
		return outcome{Dropped: true}
	}
	plain, _ := extract(nil, settings)
	out := outcome{Denied: found.Denied != nil, TLS: found.CertificateAuth.AuthTLSError != ""}
	found.Denied, found.CertificateAuth.AuthTLSError = nil, ""
	out.Set = difference(found, plain)
	for key := range out.Set {
		if generated.MatchString(key) {
			delete(out.Set, key)
		}
	}
	return out
}

func main() {
	klog.InitFlags(nil)
	_ = flag.Set("logtostderr", "false")
	klog.SetOutput(io.Discard)
	auth.AuthDirectory = os.TempDir()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	write := json.NewEncoder(os.Stdout)
	write.SetEscapeHTML(false)
	for lines.Scan() {
		var c testCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			panic(err)
		}
		c.Out = record(c)
		if err := write.Encode(c); err != nil {
			panic(err)
		}
	}
}
