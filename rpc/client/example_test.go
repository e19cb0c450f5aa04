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

func ExampleClient_LogsSubscribe() {
	fake := supervisortest.New()
	fake.Put(supervisor.ProcessInfo{Name: "web"})
	fake.AddLog("web", supervisor.LogLine{Msg: "ready"})
	socket, end := serving(fake)
	defer end()
	c, err := client.New(client.Options{Socket: socket})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()

	lines, err := c.LogsSubscribe(ctx, client.LogsSubscribeParams{Name: "web"})
	if err != nil {
		log.Fatal(err)
	}
	defer lines.Close()
	for n, err := range lines.All(ctx) {
		switch {
		case errors.Is(err, supervisor.ErrNotFound):
			fmt.Println("the process was deleted")
		case err != nil:
			log.Fatal(err)
		case n.Gap != nil:
			fmt.Println("the connection was lost; it is back:", n.Gap.Over)
		default:
			fmt.Println(n.Line.Msg)
			if err := c.Delete(ctx, "web"); err != nil {
				log.Fatal(err)
			}
		}
	}
	// Output:
	// ready
	// the process was deleted
}

// manager serves the API of a manager without processes.
func manager() (socket string, end func()) { return serving(supervisortest.New()) }

func serving(fake *supervisortest.Fake) (socket string, end func()) {
	dir, err := os.MkdirTemp("", "pm")
	if err != nil {
		panic(err)
	}
	socket = filepath.Join(dir, "rpc.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- rpc.NewServer(rpc.Options{Control: fake}).Serve(ctx, l) }()
	return socket, func() {
		cancel()
		<-ended
		_ = os.RemoveAll(dir)
	}
}
