package main

import (
	"encoding/json"
	"io"
	"net/http"
)

// control is the HTTP API of a running oracle:
//
//	PUT  /config    the whole new configuration; answers with a swapReport when Envoy has it.
//	                ?fresh=1 puts an empty one in between, so that nothing of the last one lives
//	                on in Envoy; ?force=1 applies even what a cluster would refuse.
//	POST /validate  answers with a report; ?analyze=0 leaves the analyzers out.
//	GET  /debug/... istiod's own debug pages
func (o *oracle) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/config", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || (r.Method != http.MethodPut && r.Method != http.MethodPost) {
			http.Error(w, "PUT the YAML documents", http.StatusBadRequest)
			return
		}
		if r.URL.Query().Get("fresh") != "" {
			o.Swap("", true)
			if err := o.drain(); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		writeJSON(w, o.Swap(string(body), r.URL.Query().Get("force") == ""))
	})
	mux.HandleFunc("/validate", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeJSON(w, o.v.Report(string(body), r.URL.Query().Get("analyze") != "0"))
	})
	mux.Handle("/debug/", o.s.DiscoveryDebug)
	return mux
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
