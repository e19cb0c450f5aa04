// Package e2e tests the container image under a real engine: what it is (image),
// what it does as PID 1 (orphans, stop, exit codes, single command), and what an
// operator sees from outside (client, metrics, health, logs), also with everything
// taken away that a platform can take away.
//
// The Pods of deploy/examples/pods are played by podman, with an engine of their own
// (pod_engine), a kubelet that the test plays (pod_kubelet), and the stories.
//
// The tests have the build tag e2e and are run by make e2e. They need docker, podman and
// a static busybox (Debian: docker.io, podman, runc, netavark, aardvark-dns,
// busybox-static). The image is built from the tree, unless PM_E2E_IMAGE names one that is
// there already, with its other platform as NAME-ARCH.
//
// The image itself has no shell, so that the processes of these tests run in an image
// that is made from it and has busybox in /bin. Ports are published on loopback only,
// and every container, image and volume is removed by its own id.
package e2e
