package kubetest

import (
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Restricted tells what of a Pod the Pod security standard "restricted" would refuse,
// and, beyond it, a root file system that can be written to.
func Restricted(spec *corev1.PodSpec) error {
	c := &checker{}
	pod := spec.SecurityContext
	if pod == nil {
		pod = &corev1.PodSecurityContext{}
	}
	if spec.HostNetwork || spec.HostPID || spec.HostIPC {
		c.addf("the Pod uses a namespace of the host")
	}
	for _, volume := range spec.Volumes {
		if volume.HostPath != nil {
			c.addf("volume %s is a path of the host", volume.Name)
		}
	}
	for _, k := range slices.Concat(spec.InitContainers, spec.Containers) {
		own := k.SecurityContext
		if own == nil {
			c.addf("container %s has no securityContext", k.Name)
			continue
		}
		if isTrue(own.Privileged) || own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation {
			c.addf("container %s: allowPrivilegeEscalation is not false", k.Name)
		}
		if own.Capabilities == nil || !slices.Contains(own.Capabilities.Drop, "ALL") || len(own.Capabilities.Add) > 0 {
			c.addf("container %s does not drop all capabilities", k.Name)
		}
		if !isTrue(own.RunAsNonRoot) && !isTrue(pod.RunAsNonRoot) {
			c.addf("container %s: runAsNonRoot is not true", k.Name)
		}
		if !seccomp(own.SeccompProfile) && !seccomp(pod.SeccompProfile) {
			c.addf("container %s has no seccompProfile RuntimeDefault", k.Name)
		}
		if !isTrue(own.ReadOnlyRootFilesystem) {
			c.addf("container %s: readOnlyRootFilesystem is not true", k.Name)
		}
	}
	return errors.Join(c.errs...)
}

func isTrue(b *bool) bool { return b != nil && *b }

func seccomp(p *corev1.SeccompProfile) bool {
	return p != nil && (p.Type == corev1.SeccompProfileTypeRuntimeDefault || p.Type == corev1.SeccompProfileTypeLocalhost)
}
