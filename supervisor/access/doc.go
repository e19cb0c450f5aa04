// Package access is what every door of Process Manager needs before it answers
// anybody: listeners that are safe from their first moment, limits, TLS, secrets,
// and the answer to "who is this, and what may they do".
//
// # Who may come in
//
//	Door                 Without a secret            With a secret
//	unix socket          who may open the file       who knows a secret
//	TCP                  refused by the caller       who knows a secret
//
// The file mode of a unix socket is its first lock, so [ListenUnix] makes it
// right before the socket can be reached by its name. An [Authenticator] knows at
// most two secrets: the full one gives [supervisor.RoleOperator], the viewer's
// one gives [supervisor.RoleViewer]. When it is not enabled no secret is right;
// a door asks [Authenticator.Enabled] first and treats the caller of a unix
// socket as an operator.
//
// # What changes while it runs
//
// Secret files and certificates are read again when they change: their time,
// size and inode are looked at when somebody comes in, once a second at most, so
// the swap of a mounted Kubernetes Secret is seen without a watcher. What cannot
// be used leaves the last good state in force and is logged once per cause.
//
// # Guessing
//
// A wrong secret is answered after a growing delay, see [Delay] and [Throttle];
// a right one is never delayed.
//
// No secret is ever part of an error or of a log line of this package.
package access
