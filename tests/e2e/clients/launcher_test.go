// SPDX-License-Identifier: MIT

package rudeproxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
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

// A fault of the start has one count, whatever number of proxies it is for. Stop waits for no connection.
func TestTwoProxies(t *testing.T) {
	web := []string{"--listen", "127.0.0.1:0", "--upstream", "builtin:http"}
	rude, err := Start(append(append(web, web...), "--fault", "type=reset when=bytes:1k")...)
	must(t, err)
	for _, address := range rude.addresses {
		if _, err = download(address); err == nil {
			t.Fatal("nothing was cut off")
		}
		break
	}
	fired, err := rude.Fired("fault-1")
	must(t, err)
	if fired != 1 {
		t.Fatalf("fired %d times", fired)
	}
	address, err := rude.AddProxy("with a blank", "builtin:echo")
	must(t, err)
	client, err := net.Dial("tcp", address)
	must(t, err)
	defer client.Close()
	_, err = client.Write([]byte("x"))
	must(t, err)
	_, err = io.ReadFull(client, make([]byte, 1))
	must(t, err)
	begun := time.Now()
	must(t, rude.Stop())
	if took := time.Since(begun); took >= 5*time.Second { // the default of `grace`
		t.Fatalf("Stop took %v", took)
	}
}

// A refused call leaves the address that is known; calls at once do not disturb each other.
func TestAddressesOfManyCalls(t *testing.T) {
	rude, err := Start()
	must(t, err)
	defer rude.Stop()
	first, err := rude.AddProxy("first", "builtin:echo")
	must(t, err)
	if _, err = rude.AddProxy("first", "builtin:echo"); err == nil || rude.Address("first") != first {
		t.Fatalf("%v, and the address is '%s'", err, rude.Address("first"))
	}
	var group sync.WaitGroup
	for i := 0; i < 50; i++ {
		name := fmt.Sprint("proxy-", i)
		group.Add(1)
		go func() {
			defer group.Done()
			if address, err := rude.AddProxy(name, "builtin:echo"); err != nil || rude.Address(name) != address {
				t.Errorf("%s: %s, %v", name, address, err)
			}
		}()
	}
	group.Wait()
}
