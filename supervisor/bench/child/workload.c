/*
 * The process that is supervised: it tells the benchmark that it runs, with the
 * time on CLOCK_MONOTONIC, and then does what BENCH_MODE asks for.
 *
 *   wait     nothing, for ever
 *   orphans  on SIGUSR1: BENCH_COUNT orphans, twenty to a parent;
 *            on the next SIGUSR1: BENCH_BURST orphans that end together
 *   logs     on SIGUSR1: BENCH_COUNT lines of 100 bytes on stdout
 *
 * Its number is in the digits at the end of argv[1], or of the working
 * directory's name: of the supervisors with service directories some give the
 * service's name as argument, some give none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RECENT = 1024, LITTER = 20, LINE = 100, CHUNK_LINES = 640 };

/* The layout is known to receiver.go. */
struct message {
	int64_t run, kind, index, stamp, value;
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t number(const char *name)
{
	const char *s = getenv(name);

	return s ? atoll(s) : 0;
}

static int64_t own_index(int argc, char **argv)
{
	static char dir[4096];
	char *name = argc > 1 ? argv[1] : getcwd(dir, sizeof dir), *p;

	if (!name)
		return -1;
	for (p = name + strlen(name); p > name && p[-1] >= '0' && p[-1] <= '9'; p--)
		;
	return *p ? atoll(p) : -1;
}

static void report(int64_t kind, int64_t index, int64_t stamp, int64_t value)
{
	struct message m = {number("BENCH_RUN"), kind, index, stamp, value};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("BENCH_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || !path || strlen(path) >= sizeof to.sun_path)
		_exit(111);
	strcpy(to.sun_path, path);
	while (sendto(fd, &m, sizeof m, 0, (struct sockaddr *)&to, sizeof to) < 0)
		if (errno != EINTR)
			_exit(112);
	close(fd);
}

static void pause_briefly(void)
{
	struct timespec t = {0, 100000};

	nanosleep(&t, NULL);
}

/* wait_gone returns when all the pids have been reaped: a zombie still answers. */
static void wait_gone(volatile pid_t *pids, int n)
{
	int i;

	for (i = 0; i < n; i++)
		while (pids[i] > 0 && kill(pids[i], 0) == 0)
			pause_briefly();
}

/* stream makes count orphans, a litter at a time: the parent of a litter ends
 * as soon as it has started the last of it. */
static void stream(volatile pid_t *recent, int64_t count)
{
	int64_t made, i;

	for (made = 0; made < count; made += LITTER) {
		int64_t end = made + LITTER < count ? made + LITTER : count;
		pid_t middle = fork();
		int status;

		if (middle == 0) {
			for (i = made; i < end; i++) {
				pid_t orphan = fork();

				if (orphan <= 0)
					_exit(orphan < 0);
				recent[i % RECENT] = orphan;
			}
			_exit(0);
		}
		if (middle < 0 || waitpid(middle, &status, 0) < 0 || status != 0)
			_exit(113);
	}
	wait_gone(recent, RECENT);
}

/* burst makes count orphans that wait for one pipe to close, and closes it. It
 * returns the nanoseconds until all of them have been reaped. */
static int64_t burst(volatile pid_t *pids, int64_t count)
{
	int gate[2], status;
	int64_t i, start;
	pid_t middle;

	if (pipe(gate) < 0)
		_exit(114);
	middle = fork();
	if (middle == 0) {
		for (i = 0; i < count; i++) {
			pid_t orphan = fork();

			if (orphan == 0) {
				char c;

				close(gate[1]);
				_exit(read(gate[0], &c, 1) != 0);
			}
			if (orphan < 0)
				_exit(1);
			pids[i] = orphan;
		}
		_exit(0);
	}
	if (middle < 0 || waitpid(middle, &status, 0) < 0 || status != 0)
		_exit(115);
	/* Let the last of them reach read. */
	for (i = 0; i < 500; i++)
		pause_briefly();
	start = now();
	close(gate[1]);
	wait_gone(pids, (int)count);
	start = now() - start;
	close(gate[0]);
	return start;
}

static void write_lines(int64_t count)
{
	static char chunk[LINE * CHUNK_LINES];
	int64_t left = count * LINE;
	int i;

	memset(chunk, 'x', sizeof chunk);
	for (i = 1; i <= CHUNK_LINES; i++)
		chunk[i * LINE - 1] = '\n';
	while (left > 0) {
		int64_t done = 0, want = left < (int64_t)sizeof chunk ? left : (int64_t)sizeof chunk;

		while (done < want) {
			ssize_t n = write(1, chunk + done, (size_t)(want - done));

			if (n < 0 && errno != EINTR)
				_exit(116);
			if (n > 0)
				done += n;
		}
		left -= want;
	}
}

static void await_go(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	while (sigwait(&set, &sig) != 0)
		;
}

int main(int argc, char **argv)
{
	int64_t index = own_index(argc, argv), start, count = number("BENCH_COUNT");
	const char *mode = getenv("BENCH_MODE");
	int64_t many = number("BENCH_BURST");
	sigset_t set;

	if (!mode || strcmp(mode, "wait") == 0) {
		report('R', index, now(), 0);
		for (;;)
			pause();
	}
	signal(SIGUSR1, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	report('R', index, now(), 0);
	if (strcmp(mode, "orphans") == 0) {
		size_t size = sizeof(pid_t) * (size_t)(many > RECENT ? many : RECENT);
		volatile pid_t *pids = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (pids == MAP_FAILED)
			_exit(117);
		await_go();
		start = now();
		stream(pids, count);
		report('D', index, now(), now() - start);
		await_go();
		report('D', index, now(), burst(pids, many));
	} else if (strcmp(mode, "logs") == 0) {
		await_go();
		start = now();
		write_lines(count);
		report('D', index, now(), now() - start);
	}
	for (;;)
		pause();
}
