// SPDX-License-Identifier: MIT

// Package rudeproxy starts rudeproxy for a test and drives it by its API. One file without dependencies: copy it into
// your tests.
//
//	rude, err := rudeproxy.Start()
//	defer rude.Stop()
//	address, err := rude.AddProxy("db", "127.0.0.1:5432")
//	_, err = rude.AddFault("db", rudeproxy.Keys{"type": "reset", "when": "bytes:1k", "name": "cut"})
//	...
//	fired, err := rude.Fired("cut")
//
// The process ends with the one that started it, however that ends.
package rudeproxy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Keys are those of a [proxy] or [fault] section.
type Keys map[string]any

// Rudeproxy is a running one. Its methods may be called from several goroutines, Stop from one.
type Rudeproxy struct {
	API       string     // "http://127.0.0.1:PORT"
	mutex     sync.Mutex // of addresses
	addresses map[string]string
	command   *exec.Cmd
	client    *http.Client
}

type listener struct {
	Address string `json:"address"`
}

// Start runs `rudeproxy serve` with further arguments. The program is RUDEPROXY of the environment, or `rudeproxy` on
// the PATH.
func Start(arguments ...string) (*Rudeproxy, error) {
	program := os.Getenv("RUDEPROXY")
	if program == "" {
		program = "rudeproxy"
	}
	words := []string{"serve", "-host", "127.0.0.1", "-port", "0", "--die-with-parent", "--quiet", "--log", "none",
		"--ready-fd", "1", "--ready-format", "json"}
	command := exec.Command(program, append(words, arguments...)...)
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "RUDEPROXY_") {
			command.Env = append(command.Env, entry)
		}
	}
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	var ready struct {
		Admin   listener            `json:"admin"`
		Proxies map[string]listener `json:"proxies"`
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	rude := &Rudeproxy{API: "http://" + ready.Admin.Address, addresses: map[string]string{}, command: command,
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{Proxy: nil}}}
	if err != nil {
		rude.Stop()
		return nil, fmt.Errorf("rudeproxy does not start, see its stderr: %w", err)
	}
	for name, proxy := range ready.Proxies {
		rude.addresses[name] = proxy.Address
	}
	return rude, nil
}

// Stop ends it and returns how it ended. Open connections are reset after half a second.
func (rude *Rudeproxy) Stop() error {
	ended := make(chan struct{})
	defer close(ended)
	go func() { // the second signal ends the wait for open connections
		for {
			rude.command.Process.Signal(syscall.SIGTERM)
			select {
			case <-ended:
				return
			case <-time.After(500 * time.Millisecond):
			}
		}
	}()
	timer := time.AfterFunc(10*time.Second, func() { rude.command.Process.Kill() })
	defer timer.Stop()
	return rude.command.Wait()
}

// Call is one call of the API. Its answer is stored in `answer`, if that is not nil.
func (rude *Rudeproxy) Call(method, path string, body, answer any) error {
	text, err := rude.text(method, path, body)
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

func (rude *Rudeproxy) text(method, path string, body any) ([]byte, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, rude.API+path, reader)
	if err != nil {
		return nil, err
	}
	response, err := rude.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 400 {
		var refusal struct{ Error string }
		json.Unmarshal(text, &refusal)
		err = fmt.Errorf("%s %s: %s", method, path, refusal.Error)
	}
	return text, err
}

// AddProxy adds a proxy on a free port and returns its address, "127.0.0.1:PORT".
func (rude *Rudeproxy) AddProxy(name, upstream string) (string, error) {
	var proxy struct{ Listen string }
	err := rude.Call("POST", "/v1/proxies", Keys{"name": name, "upstream": upstream, "listen": "127.0.0.1:0"}, &proxy)
	if err != nil {
		return "", err
	}
	rude.mutex.Lock()
	defer rude.mutex.Unlock()
	rude.addresses[name] = proxy.Listen
	return proxy.Listen, nil
}

// Address is where the proxy listens.
func (rude *Rudeproxy) Address(name string) string {
	rude.mutex.Lock()
	defer rude.mutex.Unlock()
	return rude.addresses[name]
}

// AddFault adds a fault with the keys of a [fault] section, for open connections too, and returns its name.
func (rude *Rudeproxy) AddFault(proxy string, keys Keys) (string, error) {
	var fault struct{ Name string }
	err := rude.Call("POST", "/v1/proxies/"+url.PathEscape(proxy)+"/faults", keys, &fault)
	return fault.Name, err
}

// RemoveFault takes a fault away.
func (rude *Rudeproxy) RemoveFault(proxy, name string) error {
	return rude.Call("DELETE", "/v1/proxies/"+url.PathEscape(proxy)+"/faults/"+url.PathEscape(name), nil, nil)
}

// Fired is in how many connections the fault has fired, over all proxies that have one of this name.
func (rude *Rudeproxy) Fired(name string) (int, error) {
	var list struct{ Proxies []struct{ Name string } }
	if err := rude.Call("GET", "/v1/proxies", nil, &list); err != nil {
		return 0, err
	}
	count, ofFile := 0, 0 // a fault of the file has one count, which each of its proxies has
	for _, proxy := range list.Proxies {
		var faults struct {
			Faults []struct {
				Name   string
				Origin string
				Fired  int
			}
		}
		if err := rude.Call("GET", "/v1/proxies/"+url.PathEscape(proxy.Name)+"/faults", nil, &faults); err != nil {
			return 0, err
		}
		for _, fault := range faults.Faults {
			if fault.Name == name && fault.Origin == "file" {
				ofFile = fault.Fired
			} else if fault.Name == name {
				count += fault.Fired
			}
		}
	}
	return count + ofFile, nil
}

// Events are the last ones, oldest first.
func (rude *Rudeproxy) Events() ([]map[string]any, error) {
	text, err := rude.text("GET", "/v1/events?follow=no", nil)
	if err != nil {
		return nil, err
	}
	var events []map[string]any
	for _, line := range strings.Split(string(text), "\n") {
		var event map[string]any
		if data := strings.TrimPrefix(line, "data: "); data != line {
			if err := json.Unmarshal([]byte(data), &event); err != nil {
				return nil, err
			}
			events = append(events, event)
		}
	}
	return events, nil
}

// Report is what the run has come to so far.
func (rude *Rudeproxy) Report() (map[string]any, error) {
	var report map[string]any
	err := rude.Call("GET", "/v1/report", nil, &report)
	return report, err
}
