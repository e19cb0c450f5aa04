package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

func Example() {
	socket, end := manager()
	defer end()

	c, err := client.New(client.Options{Socket: socket})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()

	info, err := c.Start(ctx, client.StartParams{Name: "hello", Command: "echo hello world"})
	fmt.Println(info.Name, info.Status, err)

	_, err = c.Status(ctx, "nobody")
	fmt.Println(errors.Is(err, supervisor.ErrNotFound), err)
	// Output:
	// hello running <nil>
	// true cannot show "nobody": no such process
}

// manager serves the API of a manager without processes.
func manager() (socket string, end func()) {
	dir, err := os.MkdirTemp("", "pm")
	if err != nil {
		log.Fatal(err)
	}
	socket = filepath.Join(dir, "rpc.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- rpc.NewServer(rpc.Options{Control: supervisortest.New()}).Serve(ctx, l) }()
	return socket, func() {
		cancel()
		<-ended
		_ = os.RemoveAll(dir)
	}
}
