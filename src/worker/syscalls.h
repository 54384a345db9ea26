/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the worker may ask of the kernel, each call with its reason.  All else kills the process.
 * To be included by sandbox.c alone; SYSCALL(name) and SYSCALL_WITHOUT(name, n, flag) are its macros,
 * the latter refuses a flag in argument n, counted from 0.
 */

/* The network and the monitor; no socket can be made, named or connected: not by MSG_FASTOPEN either, which
 * would connect one again that has been reset. */
SYSCALL(recvfrom)
SYSCALL(recvmsg)
SYSCALL_WITHOUT(sendto, 3, MSG_FASTOPEN)
SYSCALL_WITHOUT(sendmsg, 2, MSG_FASTOPEN)
#ifdef SYS_poll
SYSCALL(poll)
#endif
SYSCALL(ppoll)
SYSCALL(shutdown)
SYSCALL(close)

/* The device: handed over open.  No ioctl: a TUN descriptor would take TUNSETPERSIST, TUNSETOWNER
 * and TUNSETCARRIER even from us. */
SYSCALL(read)
SYSCALL(readv)
SYSCALL(write)
SYSCALL(writev)

/* Memory: malloc, GnuTLS. */
SYSCALL(brk)
SYSCALL_WITHOUT(mmap, 2, PROT_EXEC)
SYSCALL_WITHOUT(mprotect, 2, PROT_EXEC)
SYSCALL(mremap)
SYSCALL(munmap)
SYSCALL(madvise)
SYSCALL(futex)

/* Time where the vDSO has none, randomness, and the end. */
SYSCALL(clock_gettime)
SYSCALL(gettimeofday)
SYSCALL(getrandom)
SYSCALL(getpid)
SYSCALL(restart_syscall)
SYSCALL(rt_sigreturn)
SYSCALL(exit)
SYSCALL(exit_group)

#ifdef VTUN_SANITIZED
/* A build for tests alone (common/sanitized.h): a report looks for the names of places in memory in
 * /proc/self/maps.  Landlock lets it find none, but it need not die of having looked. */
#ifdef SYS_open
SYSCALL(open)
#endif
SYSCALL(openat)
SYSCALL(readlinkat)
#ifdef SYS_readlink
SYSCALL(readlink)
#endif
#endif
