package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/processmanager/processmanager/rpc/client"
)

// maxSecret bounds a secret, in bytes.
const maxSecret = 64 << 10

// secret reads the secret; "" when there is none.
func (p *program) secret(c *cli.Command) (string, error) {
	kind, value, err := p.either(c, "secret", "secret-file")
	if err != nil || kind != "secret-file" {
		return value, err
	}
	if value == "-" {
		return p.typedSecret()
	}
	file, err := os.Open(value)
	if err != nil {
		return "", fmt.Errorf("%w: cannot read the secret: %w", client.ErrUnauthorized, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("%w: cannot read the secret: %w", client.ErrUnauthorized, err)
	}
	return checkSecret(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), value)
}

func checkSecret(secret, where string) (string, error) {
	switch {
	case secret == "":
		return "", fmt.Errorf("%w: cannot read the secret: %s is empty", client.ErrUnauthorized, where)
	case len(secret) > maxSecret:
		return "", fmt.Errorf("%w: cannot read the secret: %s is longer than %d bytes", client.ErrUnauthorized, where, maxSecret)
	}
	return secret, nil
}

// typedSecret takes the first line of stdin, once; what stands behind it stays there.
// On a terminal it is asked for and not shown.
func (p *program) typedSecret() (string, error) {
	if p.typed != "" {
		return p.typed, nil
	}
	if file, ok := p.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		text, err := p.askSecret(file)
		if err != nil {
			return "", fmt.Errorf("%w: cannot read the secret: %w", client.ErrUnauthorized, err)
		}
		p.typed, err = checkSecret(text, "what was typed")
		return p.typed, err
	}
	line, err := firstLine(p.in)
	if err == nil {
		p.typed, err = checkSecret(line, "the first line of stdin")
	}
	return p.typed, err
}

// askSecret turns the echo off before it asks.
func (p *program) askSecret(file *os.File) (text string, err error) {
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, term.Restore(int(file.Fd()), before)) }()
	text, err = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{file, p.errs}, "").ReadPassword("Secret: ")
	if errors.Is(err, io.EOF) {
		return "", errors.New("nothing was typed")
	}
	return text, err
}

// firstLine reads byte by byte, so that nothing behind the line is taken away.
func firstLine(in io.Reader) (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) <= maxSecret; {
		n, err := in.Read(one)
		if n == 1 && one[0] == '\n' || errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("%w: cannot read the secret: %w", client.ErrUnauthorized, err)
		}
		line = append(line, one[:n]...)
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}
