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
	connectTimeout  = 20 * time.Second
	warmTimeout     = 1500 * time.Millisecond
	settleAfterWarm = 2 * time.Millisecond
)

// startEnvoy starts Envoy, which dies with us; its end is sent to gone.
func startEnvoy(o serveOptions, bootstrap string, gone chan<- error) (*os.Process, error) {
	log, err := os.Create(filepath.Join(o.Dir, "envoy.log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(o.Envoy, "-c", bootstrap, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning",
		"--drain-time-s", "1", "--drain-strategy", "immediate", "--local-address-ip-version", "v4")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { gone <- cmd.Wait() }()
	return cmd.Process, nil
}

// awaitEnvoy waits until Envoy is connected to istiod.
func (o *oracle) awaitEnvoy(gone chan error) error {
	for deadline := time.Now().Add(connectTimeout); len(o.s.Discovery.Clients()) == 0; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("envoy did not connect; see " + o.Dir + "/envoy.log")
		}
		select {
		case err := <-gone:
			gone <- err
			return fmt.Errorf("envoy ended: %v; see %s/envoy.log", err, o.Dir)
		default:
		}
	}
	return nil
}

// warm waits until Envoy has nothing left to warm, and lists its listeners.
func (o *oracle) warm(rep *swapReport) error {
	for deadline := time.Now().Add(warmTimeout); ; time.Sleep(time.Millisecond) {
		busy, err := o.warming()
		if err != nil {
			return err
		}
		if len(busy) == 0 {
			break
		}
		if time.Now().After(deadline) {
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
	body, err := o.admin("/stats?filter=" + filter)
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
	body, err := o.admin("/listeners?format=json")
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

// admin gets a page of Envoy's admin interface.
func (o *oracle) admin(path string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", o.AdminPort, path), nil)
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
