/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What terminals carry, without any tunnel: Mbit/s of each direction through two of them, joined by a
 * process that copies, while the programs at both ends write and read without end.  No session of
 * `type tty` can be faster.  "make bench/micro/pty && bench/micro/pty".
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { ENDS = 2, SECONDS = 5, PIECE = 65536 };

static int master[ENDS], slave[ENDS];
static pid_t children[2 * ENDS];
static unsigned n_children;
static volatile unsigned long long *arrived; /* at each end */

static void open_end(int i)
{
	struct termios t;

	if (openpty(&master[i], &slave[i], NULL, NULL, NULL) < 0 || tcgetattr(slave[i], &t) < 0)
		err(1, "openpty");
	cfmakeraw(&t);
	if (tcsetattr(slave[i], TCSANOW, &t) < 0 || fcntl(master[i], F_SETFL, O_NONBLOCK) < 0)
		err(1, "pty");
}

static void write_for_ever(int i)
{
	static const char zeros[PIECE];

	while (write(slave[i], zeros, sizeof(zeros)) > 0)
		;
}

static void read_for_ever(int i)
{
	static char bytes[PIECE];
	ssize_t n;

	while ((n = read(slave[i], bytes, sizeof(bytes))) > 0)
		arrived[i] += (unsigned long long)n;
}

static void start(void (*program)(int i), int i)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		program(i);
		_exit(1);
	}
	children[n_children++] = pid;
}

/* One way: `left` bytes of the buffer are still to be written. */
struct way {
	char bytes[PIECE];
	size_t at, left;
};

static void copy(struct way *w, int from, int to)
{
	ssize_t n;

	if (w->left == 0) {
		n = read(from, w->bytes, sizeof(w->bytes));
		w->at = 0;
		w->left = n > 0 ? (size_t)n : 0;
	}
	n = w->left ? write(to, w->bytes + w->at, w->left) : 0;
	if (n > 0) {
		w->at += (size_t)n;
		w->left -= (size_t)n;
	}
}

static void join_ends(void)
{
	static struct way way[ENDS];
	time_t end = time(NULL) + SECONDS;
	int i;

	while (time(NULL) < end) {
		struct pollfd p[ENDS];

		for (i = 0; i < ENDS; i++)
			p[i] = (struct pollfd){
				.fd = master[i],
				.events = (short)((way[i].left ? 0 : POLLIN) | (way[!i].left ? POLLOUT : 0)),
			};
		poll(p, ENDS, 100);
		for (i = 0; i < ENDS; i++)
			copy(&way[i], master[i], master[!i]);
	}
}

int main(void)
{
	unsigned i;

	arrived = mmap(NULL, sizeof(*arrived) * ENDS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (arrived == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < ENDS; i++)
		open_end((int)i);
	for (i = 0; i < ENDS; i++) {
		start(write_for_ever, (int)i);
		start(read_for_ever, (int)i);
	}
	join_ends();
	for (i = 0; i < n_children; i++)
		kill(children[i], SIGKILL);
	printf("%.0f %.0f Mbit/s\n", (double)arrived[0] * 8e-6 / SECONDS, (double)arrived[1] * 8e-6 / SECONDS);
	return 0;
}
