/*
 * The floor: the least a supervisor can do. It starts N children with
 * vfork+exec, waits, starts again at once whatever of them ends, and reaps what
 * it is left with. It has no configuration, no state beyond two tables, no log,
 * no delay and no way to be asked anything; what is measured above it is the
 * price of being useful.
 *
 *   floor run N TABLE PROGRAM   children are PROGRAM 0 … PROGRAM N-1
 *   floor copy PROGRAM          one child, its stdout copied through a pipe
 *   floor list TABLE            print the table of a running floor
 *
 * SIGTERM ends all children, waits for them and exits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PID = 4194304 };

extern char **environ;
static int *table;           /* child number -> pid, shared with "floor list" */
static int owner[MAX_PID + 1]; /* pid -> child number + 1; untouched pages cost nothing */
static volatile sig_atomic_t stopping;
static sigset_t term;

static void on_term(int sig)
{
	(void)sig;
	stopping = 1;
	kill(-1, SIGTERM); /* everyone in the namespace but us */
}

static void die(const char *what)
{
	fprintf(stderr, "floor: cannot %s: %s\n", what, strerror(errno));
	_exit(111);
}

/* spawn never runs beside on_term: a child made after kill(-1) would be missed. */
static void spawn(const char *program, int index, int out)
{
	char digits[16];
	char *argv[] = {(char *)program, digits, NULL};
	pid_t pid;

	snprintf(digits, sizeof digits, "%d", index);
	sigprocmask(SIG_BLOCK, &term, NULL);
	if (!stopping) {
		pid = vfork();
		if (pid == 0) {
			if (out >= 0)
				dup2(out, 1);
			sigprocmask(SIG_UNBLOCK, &term, NULL);
			execve(program, argv, environ);
			_exit(127);
		}
		if (pid < 0)
			die("vfork");
		table[index] = pid;
		owner[pid] = index + 1;
	}
	sigprocmask(SIG_UNBLOCK, &term, NULL);
}

static int *map_table(const char *path, int n, int flags, int prot)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	size_t size = sizeof(int) * (size_t)(n + 1);
	void *p;

	if (fd < 0 || ((flags & O_CREAT) && ftruncate(fd, (off_t)size) < 0))
		die("open the table");
	p = mmap(NULL, size, prot, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("map the table");
	close(fd);
	return p;
}

static void on_stop(void)
{
	struct sigaction act = {.sa_handler = on_term};

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigaction(SIGTERM, &act, NULL);
}

static int run(int n, const char *path, const char *program)
{
	int i, status, *shared = map_table(path, n, O_RDWR | O_CREAT, PROT_READ | PROT_WRITE);

	shared[0] = n;
	table = shared + 1;
	on_stop();
	for (i = 0; i < n; i++)
		spawn(program, i, -1);
	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return 0;
		if ((i = owner[pid]) == 0)
			continue; /* an orphan */
		owner[pid] = 0;
		spawn(program, i - 1, -1);
	}
}

static int copy(const char *program)
{
	static char buf[256 * 1024];
	static int one[1];
	int p[2];
	ssize_t n, done, w;

	table = one;
	on_stop();
	if (pipe2(p, O_CLOEXEC) < 0)
		die("make a pipe");
	fcntl(p[1], F_SETPIPE_SZ, (int)sizeof buf);
	spawn(program, 0, p[1]);
	close(p[1]);
	while ((n = read(p[0], buf, sizeof buf)) > 0 || (n < 0 && errno == EINTR))
		for (done = 0; done < n; done += w)
			if ((w = write(1, buf + done, (size_t)(n - done))) < 0)
				die("write");
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return 0;
}

static int list(const char *path)
{
	int i, *shared = map_table(path, 0, O_RDONLY, PROT_READ), n = shared[0];

	shared = map_table(path, n, O_RDONLY, PROT_READ);
	for (i = 1; i <= n; i++)
		printf("p%05d running %d\n", i - 1, shared[i]);
	return fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "run") == 0)
		return run(atoi(argv[2]), argv[3], argv[4]);
	if (argc == 3 && strcmp(argv[1], "copy") == 0)
		return copy(argv[2]);
	if (argc == 3 && strcmp(argv[1], "list") == 0)
		return list(argv[2]);
	fprintf(stderr, "usage: floor run N TABLE PROGRAM | copy PROGRAM | list TABLE\n");
	return 100;
}
