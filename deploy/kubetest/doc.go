// Package kubetest reads Kubernetes objects as strictly as the API server does for
// `kubectl apply`: unknown and doubled fields, fields in another case and values of another
// type are errors (Decode), and so are the mistakes that the server's validation would
// find in what this project ships (Check): names, selectors, ports, mounts, probes. Restricted is
// the Pod security standard of that name.
//
// It is for tests only; no program imports it.
package kubetest
