package probe

import (
	"net/http"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

// A probe is made every few seconds for each process, so an attempt must cost little.
func BenchmarkAttempt(b *testing.B) {
	ok := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_, _ = w.Write([]byte("\x00\x00\x00\x00\x02\x08\x01"))
		w.Header().Set("Grpc-Status", "0")
	}
	web, rpc := serve(b, ok), h2c(b, ok)
	for name, target := range map[string]Target{
		"http": {HTTP: &supervisor.HTTPGetAction{Port: ref(web)}},
		"tcp":  {TCP: &supervisor.TCPSocketAction{Port: ref(web)}},
		"grpc": {GRPC: &supervisor.GRPCAction{Port: rpc}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Attempt(b.Context(), target); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
