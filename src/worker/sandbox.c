/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"

/* With 32 bits, mmap2() counts in pages, time has calls of its own (*_time64), and the C library chooses. */
#if __SIZEOF_POINTER__ != 8
#error "the seccomp filter is for 64 bits only: see syscalls.h"
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#else
#error "no seccomp filter for this architecture yet: add its AUDIT_ARCH and see syscalls.h"
#endif

/* ---- what the monitor had to drop */

static int capability_sets(uint32_t *ret_any)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret_any = data[0].effective | data[0].permitted | data[0].inheritable |
		   data[1].effective | data[1].permitted | data[1].inheritable;
	return 0;
}

int sandbox_verify(int single_uid)
{
	uint32_t caps;
	int r = capability_sets(&caps);

	if (r < 0)
		return log_errno(LOG_ERR, r, "its capabilities cannot be looked at");
	if (caps != 0)
		return log_errno(LOG_ERR, EPERM, "it still has capabilities 0x%x", caps);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return log_errno(LOG_ERR, EPERM, "no_new_privs is not set");
	if (geteuid() == 0 && !single_uid)
		return log_errno(LOG_ERR, EPERM, "it runs as root");
	return 0;
}

/* ---- files */

/* A ruleset without a rule: nothing in the file system may be opened any more.  This is the second
 * lock on a door that the system-call filter, which has no open(), keeps shut by itself; where the
 * kernel has no Landlock, or a container forbids it (EPERM), the session says so and goes on. */
static int forbid_files(void)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	auto_close int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (fd < 0 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM)) {
		log_info("Landlock is not to be had here (%s): the system-call filter stands alone",
			 errno == EPERM ? "forbidden, by a container?" : "not in this kernel");
		return 0;
	}
	if (fd < 0)
		return -errno;
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}

/* ---- system calls */

#define DATA(member) ((uint32_t)offsetof(struct seccomp_data, member))
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, DATA(member))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

/* args[] are 64 bits wide: the low half, where all flags are, comes first on little-endian. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOAD_FLAGS(n) LOAD(args[n])
#else
#define LOAD_FLAGS(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, DATA(args[n]) + 4)
#endif

#define SYSCALL(name) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), ALLOW,
#define SYSCALL_WITHOUT(name, n, flag) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD_FLAGS(n), \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flag, 0, 1), KILL, ALLOW,

/* A foreign architecture, x32 included, would give other meanings to the numbers. */
#define HEAD \
	LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0), KILL, LOAD(nr),

static struct sock_filter filter[] = {
	HEAD
#include "syscalls.h"
	KILL,
};

static int filter_calls(void)
{
	struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}

int sandbox_enter(void)
{
	int r = forbid_files();

	if (r < 0)
		return log_errno(LOG_ERR, r, "Landlock");
	r = filter_calls();
	return r < 0 ? log_errno(LOG_ERR, r, "seccomp") : 0;
}
