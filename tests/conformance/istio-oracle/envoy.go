package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	adminFile       = "envoy-admin-address"
	connectTimeout  = 20 * time.Second
	drainTimeout    = 2 * time.Second
	warmTimeout     = 3 * time.Second
	settleAfterWarm = 2 * time.Millisecond
)

// startEnvoy starts Envoy, which dies with us; its end is sent to gone.
func startEnvoy(o serveOptions, bootstrap string, gone chan<- error) (*os.Process, error) {
	log, err := os.Create(filepath.Join(o.Dir, "envoy.log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(o.Envoy, "-c", bootstrap, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning",
		"--drain-time-s", "0", "--drain-strategy", "immediate", "--local-address-ip-version", "v4",
		"--admin-address-path", filepath.Join(o.Dir, adminFile))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { gone <- cmd.Wait() }()
	return cmd.Process, nil
}

// awaitEnvoy waits until Envoy has an admin interface and is connected to istiod.
func (o *oracle) awaitEnvoy(gone chan error) error {
	for deadline := time.Now().Add(connectTimeout); ; time.Sleep(2 * time.Millisecond) {
		b, err := os.ReadFile(filepath.Join(o.Dir, adminFile))
		if o.admin = string(b); err == nil && o.admin != "" && len(o.s.Discovery.Clients()) > 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("envoy did not connect; see " + o.Dir + "/envoy.log")
		}
		select {
		case err := <-gone:
			gone <- err
			return fmt.Errorf("envoy ended: %v; its log ends: %s", err, o.envoyLog())
		default:
		}
	}
}

// envoyLog is the end of Envoy's log.
func (o *oracle) envoyLog() string {
	b, _ := os.ReadFile(filepath.Join(o.Dir, "envoy.log"))
	return string(b[max(0, len(b)-1000):])
}

// drain waits until no listener that was removed lives on: one that drains still holds its
// TLS secrets, so that the next listener with a secret of the same name would be taken for
// warm before it has the new one.
func (o *oracle) drain() error {
	for deadline := time.Now().Add(drainTimeout); ; time.Sleep(time.Millisecond) {
		body, err := o.get("/stats?filter=^listener_manager.total_(listeners|filter_chains)_draining$")
		if err != nil {
			return err
		}
		if strings.Count(body, ": 0") == strings.Count(body, ": ") {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("envoy did not finish to drain")
		}
	}
}

// warm waits until Envoy has nothing left to warm, and lists its listeners.
func (o *oracle) warm(rep *swapReport) error {
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		busy, err := o.warming()
		if err != nil {
			return err
		}
		if len(busy) == 0 {
			break
		}
		if time.Since(start) > warmTimeout {
			rep.Warming = busy
			break
		}
	}
	time.Sleep(settleAfterWarm) // for the worker thread to take over what the main thread holds
	return o.listListeners(rep)
}

// warming counts what Envoy still waits for.
func (o *oracle) warming() (map[string]int, error) {
	const filter = `^(cluster_manager\.warming_clusters|listener_manager\.total_listeners_warming|listener_manager\.workers_started)$`
	body, err := o.get("/stats?filter=" + filter)
	if err != nil {
		return nil, err
	}
	busy, started := map[string]int{}, false
	for _, line := range strings.Split(body, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		n, _ := strconv.Atoi(strings.TrimSpace(value))
		if strings.HasSuffix(name, "workers_started") {
			started = n > 0
		} else if n > 0 {
			busy[name] = n
		}
	}
	if !started {
		busy["workers_not_started"] = 1
	}
	return busy, nil
}

func (o *oracle) listListeners(rep *swapReport) error {
	body, err := o.get("/listeners?format=json")
	if err != nil {
		return err
	}
	var listeners struct {
		Statuses []struct {
			Name    string `json:"name"`
			Address struct {
				Socket struct {
					Address string `json:"address"`
					Port    int    `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if err := json.Unmarshal([]byte(body), &listeners); err != nil {
		return err
	}
	for _, l := range listeners.Statuses {
		rep.Listeners[l.Name] = fmt.Sprintf("%s:%d", l.Address.Socket.Address, l.Address.Socket.Port)
	}
	return nil
}

// get reads a page of Envoy's admin interface.
func (o *oracle) get(path string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.admin+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := o.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}
