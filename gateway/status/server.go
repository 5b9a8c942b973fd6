package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/talkgate/talkgate/gateway/hub/web"
	"github.com/talkgate/talkgate/state/floor"
)

// statusTime bounds a request, and the end of the server.
const statusTime = 5 * time.Second

// Server tells this machine, and no other, how its port does: / for people,
// /status for programs, /metrics for Prometheus. Nothing is changed by it.
type Server struct {
	listener net.Listener
	http     *http.Server
	registry *prometheus.Registry
}

// Listen opens the address, which is host:port; empty is none, and a nil server.
func Listen(address string, gauges *Gauges, log *slog.Logger) (*Server, error) {
	if address == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("status.listen: %q cannot be served on, free it or choose another: %w", address, err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		_ = json.NewEncoder(w).Encode(PortOf(r.Context(), gauges)) // who has gone does not hear it
	})
	mux.Handle("/", web.Port())
	log.Info("status is served", "address", l.Addr().String())
	return &Server{l, &http.Server{
		Handler: mux, ReadTimeout: statusTime, WriteTimeout: statusTime, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}, registry}, nil
}

// Measure adds a port's own metrics.
func (s *Server) Measure(g *Gauges) {
	if s != nil {
		registerPort(s.registry, g)
	}
}

// Run serves until ctx ends. A port goes on without its status.
func (s *Server) Run(ctx context.Context, log *slog.Logger) {
	if s == nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = s.http.Close() }) // nobody waits for the last answer
	defer stop()
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		log.Warn("status is not served any more", "err", err)
	}
}

// phaseWord is a phase of the floor in JSON and metrics.
func phaseWord(p floor.Phase) string { return strings.ToLower(p.String()) }
