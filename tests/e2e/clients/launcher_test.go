// SPDX-License-Identifier: MIT

package rudeproxy

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func download(address string) (int, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + address + "/bytes/100k")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return len(body), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryCall(t *testing.T) {
	rude, err := Start()
	must(t, err)
	if os.Getenv("LAUNCHER_WAITS") != "" {
		fmt.Println(rude.command.Process.Pid)
		time.Sleep(10 * time.Minute)
	}
	address, err := rude.AddProxy("web", "builtin:http")
	must(t, err)
	if rude.Address("web") != address {
		t.Fatal(rude.Address("web"))
	}
	_, err = rude.AddFault("web", Keys{"type": "reset", "when": "bytes:1k", "name": "cut"})
	must(t, err)
	if _, err = download(address); err == nil || !strings.Contains(err.Error(), "connection reset") {
		t.Fatalf("no reset: %v", err)
	}
	fired, err := rude.Fired("cut")
	must(t, err)
	if fired != 1 {
		t.Fatalf("fired %d times", fired)
	}
	must(t, rude.RemoveFault("web", "cut"))
	size, err := download(address)
	must(t, err)
	if size != 102400 {
		t.Fatalf("%d bytes", size)
	}
	events, err := rude.Events()
	must(t, err)
	if len(events) == 0 || events[0]["event"] != "listening" {
		t.Fatal(events)
	}
	report, err := rude.Report()
	must(t, err)
	if report["proxies"] == nil {
		t.Fatal(report)
	}
	if _, err = rude.AddFault("web", Keys{"type": "rest"}); err == nil || !strings.Contains(err.Error(), "did you mean 'reset'") {
		t.Fatal(err)
	}
	must(t, rude.Stop())
}
