// Package lint has the tests of the files with which Gannet is run: the image, Compose,
// systemd, Kubernetes, Prometheus and Grafana. Each is read by the library that its own
// tools are made of, and held against what the code knows: settings, metrics, times. It
// is a module of its own, so that those libraries are no dependencies of Gannet:
// make lint-packages.
package lint
