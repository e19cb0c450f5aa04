package main

import (
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// defaultSocket is the manager's own default.
const defaultSocket = "/tmp/processmanager.sock"

// commonFlags are taken by every command.
func commonFlags() []cli.Flag {
	flag := func(name, value, usage string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage + " [$" + variable(name) + "]", DefaultText: value}
	}
	return []cli.Flag{
		flag("socket", defaultSocket, "the manager's telnet `PATH`; the API's socket is beside it"),
		flag("rpc-socket", "", "`PATH` of the API's socket, when it is elsewhere"),
		flag("rpc", "", "`URL` of the API: http://HOST:PORT, https://HOST:PORT or unix:///PATH"),
		flag("secret", "", "the `SECRET`; ps shows it to everyone, so better in a file or the variable"),
		flag("secret-file", "", "`PATH` of a file that holds the secret; - for the first line of stdin"),
		flag("ca-file", "", "`PATH` of the certificates that the manager's is checked with, over https"),
		flag("cert-file", "", "`PATH` of a certificate of one's own, over https"),
		flag("key-file", "", "`PATH` of the key that belongs to -cert-file"),
		flag("server-name", "", "`NAME` that the manager's certificate has to hold, when that of the URL is another"),
		flag("color", "auto", "`WHEN` to show colours: auto (on a terminal, and not under $NO_COLOR), always or never"),
	}
}

// variable is the environment variable of a flag.
func variable(flag string) string {
	return "PM_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// either returns the one of several flags that say the same thing in different
// ways: those of the command line win over those of the environment, and two of
// one kind are a contradiction. name is "" when there is none.
func (p *program) either(c *cli.Command, flags ...string) (name, value string, err error) {
	for _, from := range []struct {
		kind string
		get  func(flag string) string
		name func(flag string) string
	}{
		{"flags", c.String, func(flag string) string { return "-" + flag }},
		{"variables", p.variable, variable},
	} {
		for _, flag := range flags {
			text := from.get(flag)
			switch {
			case text == "":
			case name != "":
				return "", "", usage("want one of the %s %s and %s, not both", from.kind, from.name(name), from.name(flag))
			default:
				name, value = flag, text
			}
		}
		if name != "" {
			return name, value, nil
		}
	}
	return "", "", nil
}

// variable is the value of a flag's environment variable.
func (p *program) variable(flag string) string { return p.getenv(variable(flag)) }

func (p *program) getenv(want string) string {
	value := ""
	for _, entry := range p.env { // the last one wins
		if name, text, ok := strings.Cut(entry, "="); ok && name == want {
			value = text
		}
	}
	return value
}

// connect makes the client that the flags and the environment ask for.
func (p *program) connect(c *cli.Command) (*client.Client, error) {
	o := client.Options{Reconnect: lostFor}
	kind, where, err := p.where(c)
	if err != nil {
		return nil, err
	}
	switch path, unix := strings.CutPrefix(where, "unix://"); {
	case kind == "rpc" && unix:
		kind, o.Socket = "rpc-socket", path
	case kind == "rpc":
		o.URL = where
	case kind == "rpc-socket":
		o.Socket = where
	default:
		o.Socket = supervisor.RPCSocketFor(where)
	}
	p.way, p.place = kind, o.Socket
	if o.TLS, err = p.tls(c, strings.HasPrefix(o.URL, "https:")); err != nil {
		return nil, err
	}
	if o.Secret, err = p.secret(c); err != nil {
		return nil, err
	}
	out, err := client.New(o)
	if err != nil {
		return nil, usageError{err}
	}
	return out, nil
}

// where finds the manager. In the environment the more exact word wins: an image
// sets PM_SOCKET, and somebody may add PM_RPC to it.
func (p *program) where(c *cli.Command) (kind, where string, err error) {
	for _, flag := range []string{"rpc", "rpc-socket", "socket"} {
		if text := c.String(flag); text != "" {
			if kind != "" {
				return "", "", usage("want one of the flags -%s and -%s, not both", kind, flag)
			}
			kind, where = flag, text
		}
	}
	for _, flag := range []string{"rpc", "rpc-socket", "socket"} {
		if text := p.variable(flag); kind == "" && text != "" {
			kind, where = flag, text
		}
	}
	if kind == "" {
		return "socket", defaultSocket, nil
	}
	return kind, where, nil
}
