// Package prometheus holds the alert rules for Process Manager. Its tests try them and
// the dashboard of deploy/grafana on a real manager, scraped by a real Prometheus.
package prometheus
