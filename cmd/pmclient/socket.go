package main

import "github.com/processmanager/processmanager/supervisor/permission"

// socketHint says who may use a socket that this user may not.
func socketHint(path string) string {
	return permission.Denied(path, "use the socket") + " (the manager's -socket-mode and -socket-group decide)"
}
