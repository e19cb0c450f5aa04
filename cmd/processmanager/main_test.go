package main

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The variables between the tests and the roles that the test binary plays.
const (
	roleVar   = "TEST_ROLE"      // what it plays: manager, or a child
	insideVar = "TEST_NAMESPACE" // a manager that is PID 1 of a namespace
	devVar    = "TEST_DEV"       // a folder that becomes its /dev
	hideVar   = "TEST_HIDE"      // a folder that becomes empty and read-only
	rootVar   = "TEST_ROOT"      // a folder that becomes the root of what "exec" becomes
	procVar   = "TEST_PROC"      // with options of its /proc
	tmpVar    = "TEST_TMP"       // and a /tmp
	nextVar   = "TEST_NEXT"      // the role of what "exec" becomes
	oddVar    = "TEST_ODD"       // "exec" blocks and ignores a signal, and leaks a descriptor
	markVar   = "TEST_MARK"      // names the instance, in it and in all that it starts
)

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVar); role {
	case "":
		// In the background of a script these are ignored, and a child would inherit that:
		// what is caught is not inherited.
		for _, sig := range []os.Signal{unix.SIGINT, unix.SIGQUIT} {
			if signal.Ignored(sig) {
				signal.Notify(make(chan os.Signal, 1), sig)
			}
		}
		// And what make hands down ignored by glibc's posix_spawn; see Prepare.
		var none [4]uint64
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, 32, uintptr(unsafe.Pointer(&none)), 0, 8, 0, 0)
		code := m.Run()
		_ = os.RemoveAll(builds.dir)
		os.Exit(code)
	case "manager":
		if os.Getenv(insideVar) != "" {
			if err := furnish(); err != nil {
				fmt.Fprintln(os.Stderr, "cannot furnish the namespace:", err)
				os.Exit(111)
			}
		}
		for _, name := range []string{roleVar, insideVar, devVar, hideVar} {
			os.Unsetenv(name)
		}
		main()
	case "exec": // becomes another program, maybe with odd signals
		fmt.Fprintln(os.Stderr, becomeOther())
		os.Exit(111)
	default:
		os.Exit(play(role))
	}
}

// becomeOther executes the program in the arguments, as PID 1 of a furnished namespace
// if that is asked for. It returns only if it cannot.
func becomeOther() error {
	if os.Getenv(insideVar) != "" {
		if err := furnish(); err != nil {
			return err
		}
	}
	odd := os.Getenv(oddVar) != ""
	role := os.Getenv(nextVar)
	for _, name := range []string{roleVar, insideVar, devVar, hideVar, oddVar, nextVar} {
		os.Unsetenv(name)
	}
	if role != "" {
		os.Setenv(roleVar, role)
	}
	if odd {
		signal.Ignore(unix.SIGUSR2)
		var block unix.Sigset_t
		block.Val[0] = 1 << (unix.SIGUSR1 - 1)
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, &block, nil); err != nil {
			return err
		}
		if err := unix.Dup2(0, 7); err != nil { // inherited, without close-on-exec
			return err
		}
	}
	if root := os.Getenv(rootVar); root != "" {
		if err := enterBareImage(root); err != nil {
			return err
		}
	}
	return unix.Exec(os.Args[1], os.Args[1:], os.Environ())
}

// furnish makes the mounts of a namespace tell about that namespace.
func furnish() error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	if dir := os.Getenv(devVar); dir != "" {
		if err := unix.Mount("/dev/null", dir+"/null", "", unix.MS_BIND, ""); err != nil {
			return err
		}
		if err := unix.Mount(dir, "/dev", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return err
		}
	}
	if dir := os.Getenv(hideVar); dir != "" {
		return unix.Mount("none", dir, "tmpfs", unix.MS_RDONLY, "")
	}
	return nil
}

// play is the test binary as a child of a manager.
func play(role string) int {
	switch role {
	case "signals": // says each signal that comes, and ends at the second SIGTERM
		ch := make(chan os.Signal, 100)
		signal.Notify(ch, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGWINCH)
		fmt.Println("child is ready")
		for s := range ch {
			fmt.Println("child got", unix.SignalName(s.(unix.Signal)))
			if s == unix.SIGTERM {
				return 7
			}
		}
	case "crash": // as a manager would, with its termination log in nextVar
		tellCrash(os.Getenv(nextVar))
		go panic("oops")
		select {}
	case "storm": // leaves many orphans that end at once, then waits
		for range 10 {
			var list []*os.Process
			for range 10 {
				// The middle one ends first: what it has started is an orphan.
				p, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "(sh -c 'exit 3' &) ; exit 0"}, &os.ProcAttr{})
				if err != nil {
					fmt.Println(err)
					return 1
				}
				list = append(list, p)
			}
			for _, p := range list {
				if _, err := p.Wait(); err != nil {
					fmt.Println(err)
					return 1
				}
			}
		}
		fmt.Println("the storm is over")
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, unix.SIGTERM)
		<-ch
		return 0
	case "babble": // writes for ever
		line := strings.Repeat("babble ", 20) + "\n"
		for {
			if _, err := os.Stdout.WriteString(line); err != nil {
				return 1
			}
		}
	}
	return 99
}
