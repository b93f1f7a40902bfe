package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	pilotfeatures "istio.io/istio/pilot/pkg/features"
	"istio.io/istio/pilot/pkg/model"
	v3 "istio.io/istio/pilot/pkg/xds/v3"
	pilotxds "istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	istiosec "istio.io/istio/pkg/security"
	"istio.io/istio/pkg/test"
)

type serveOptions struct {
	Control, XDS, Envoy, Dir string
	PortOffset               int
	UntilEOF                 bool
}

// oracle is one in-process istiod, and what it currently holds.
type oracle struct {
	serveOptions
	mu      sync.Mutex
	v       *validator
	s       *pilotxds.FakeDiscoveryServer
	istio   map[string]config.Config // by kind/namespace/name
	kube    map[string]kubeObject
	gate    *gate
	mesh    string
	version int
	client  *http.Client
	admin   string // the address of Envoy's admin interface, once it is up
}

// serve runs until SIGTERM or SIGINT, or until Envoy or, if so asked, standard input ends.
func serve(o serveOptions, initial string) (err error) {
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "istio-oracle-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.Dir)
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return err
	}
	if o.Envoy != "" {
		if o.Envoy, err = filepath.Abs(o.Envoy); err != nil {
			return err
		}
	}
	if err := os.Chdir(o.Dir); err != nil { // the agent's SDS socket path is relative
		return err
	}
	// Neither filter is in a stock Envoy; see README.md.
	pilotfeatures.ALPNFilter = false
	pilotfeatures.MetadataExchange = false
	istiosec.AuthPlaintext = true // authenticate on the plaintext port, by allowAll
	return test.Wrap(func(t test.Failer) {
		if err := run(t, o, initial); err != nil {
			t.Fatal(err)
		}
	})
}

func run(t test.Failer, o serveOptions, initial string) error {
	start := time.Now()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	if o.UntilEOF {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop <- os.Interrupt
		}()
	}

	v, err := newValidator()
	if err != nil {
		return err
	}
	xdsListener, err := loopback(o.XDS)
	if err != nil {
		return err
	}
	controlListener, err := loopback(o.Control)
	if err != nil {
		return err
	}
	or := &oracle{
		serveOptions: o, v: v, istio: map[string]config.Config{}, kube: map[string]kubeObject{},
		gate: &gate{}, client: &http.Client{Timeout: time.Second},
	}
	or.s = startIstiod(t, o, xdsListener, or.gate)
	if err := startAgentSDS(); err != nil {
		return err
	}
	boot := filepath.Join(o.Dir, "bootstrap.json")
	if err := os.WriteFile(boot, bootstrapJSON(portOf(xdsListener), o.Dir), 0o644); err != nil {
		return err
	}
	// The base objects must be there before Envoy connects: they say which gateway it is.
	first := or.Swap(initial, true)
	ready := map[string]any{
		"control": "http://" + controlListener.Addr().String(), "xds": xdsListener.Addr().String(), "bootstrap": boot, "dir": o.Dir,
	}
	gone := make(chan error, 1)
	if o.Envoy != "" {
		envoy, err := startEnvoy(o, boot, gone)
		if err != nil {
			return err
		}
		defer func() { _ = envoy.Signal(syscall.SIGTERM); <-gone }()
		if err := or.awaitEnvoy(gone); err != nil {
			return err
		}
		first = or.Swap(initial, true)
		ready["envoy_pid"], ready["envoy_admin"] = envoy.Pid, "http://"+or.admin
	}
	go func() { _ = (&http.Server{Handler: or.control()}).Serve(controlListener) }()

	ready["start_ms"], ready["initial"] = ms(time.Since(start)), first
	b, err := json.Marshal(ready)
	if err != nil {
		return err
	}
	fmt.Println(string(b))

	select {
	case <-stop:
		return nil
	case err := <-gone:
		gone <- err // for the deferred function
		return fmt.Errorf("envoy ended: %v", err)
	}
}

// startIstiod starts real discovery on xdsListener; what it generates is moved to loopback.
func startIstiod(t test.Failer, o serveOptions, xdsListener net.Listener, g *gate) *pilotxds.FakeDiscoveryServer {
	s := pilotxds.NewFakeDiscoveryServer(t, pilotxds.FakeOptions{
		MeshConfig:                 mesh.DefaultMeshConfig(),
		ListenerBuilder:            func() (net.Listener, error) { return xdsListener, nil },
		DisableSecretAuthorization: true,
		DefaultClusterName:         clusterID,
	})
	d := s.Discovery
	d.Authenticators = []istiosec.Authenticator{allowAll{}}
	d.RequestRateLimit.SetLimit(0)
	d.Generators[v3.ListenerType] = &loopbackListeners{d.Generators[v3.ListenerType], o.PortOffset}
	d.Generators[v3.EndpointType] = &loopbackEndpoints{d.Generators[v3.EndpointType].(model.XdsDeltaResourceGenerator)}
	d.Generators[v3.SecretType] = &promptSecrets{d.Generators[v3.SecretType]}
	for name, generator := range d.Generators {
		d.Generators[name] = g.wrap(generator)
	}
	return s
}

// allowAll stands for the mTLS client certificate that a real gateway shows to istiod.
type allowAll struct{}

func (allowAll) AuthenticatorType() string { return "oracle" }

func (allowAll) Authenticate(istiosec.AuthContext) (*istiosec.Caller, error) {
	return &istiosec.Caller{Identities: []string{gatewayIdentity}}, nil
}

func loopback(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%s is not a loopback address", addr)
	}
	return net.Listen("tcp", addr)
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
