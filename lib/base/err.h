/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors and refusals.
 *
 * Every fallible function returns an int: 0 it is done; below 0 a negated errno: the environment
 * failed, pass it on unchanged; above 0 an enum via_refusal: an answer the caller must handle.
 * struct via_err carries the sentence for a person. It belongs to the caller, has a fixed size and
 * holds nothing that must be freed. A NULL struct via_err * is allowed everywhere.
 */
#ifndef VIA_BASE_ERR_H
#define VIA_BASE_ERR_H

#include <stdarg.h>

/*
 * Refusals: X(symbol, reason code, varlink error, CLI exit code, one line for a person).
 * Codes are stable: append, never renumber.
 */
#define VIA_REFUSALS(X)                                                                            \
	X(CLAIMED, "claimed", "Claimed", 10, "another owner holds a claim on it")                  \
	X(IN_USE, "in-use", "InUse", 11, "a process, a domain or the host uses it")                \
	X(UNSAFE_GROUP, "unsafe-iommu-group", "UnsafeGroup", 12,                                   \
		"its IOMMU group holds a device with another owner")                               \
	X(PROTECTED, "protected", "Protected", 13, "it carries the host's life")                   \
	X(NO_FREE_VF, "no-free-vf", "NoFreeVf", 14, "no free VF matches")                          \
	X(UNSUPPORTED, "unsupported", "Unsupported", 15,                                           \
		"the driver or the kernel has no such operation")                                  \
	X(NOT_FOUND, "not-found", "NotFound", 16, "there is no such object")                       \
	X(MISMATCH, "identity-mismatch", "IdentityMismatch", 17,                                   \
		"the device at this address is not the one that was meant")                        \
	X(NEEDS_RECREATE, "needs-recreate", "NeedsRecreate", 18,                                   \
		"the VF count can only change by recreating every VF")                             \
	X(INVALID, "invalid", "Invalid", 19, "the request or the configuration is not valid")      \
	X(VERIFY_ONLY, "verify-only", "VerifyOnly", 20, "the PF is managed by somebody else")      \
	X(BLOCKED, "blocked", "Blocked", 21, "an earlier step on this PF has not come back")       \
	X(BUSY, "busy", "Busy", 22, "another operation on it is under way")                        \
	X(CONFLICT, "conflict", "Conflict", 23, "two entries or managers want the same device")    \
	X(KERNEL_REFUSED, "refused-by-kernel", "KernelRefused", 24,                                \
		"the kernel refused the value")                                                    \
	X(NO_IOMMU, "no-iommu", "NoIommu", 25, "the host has no IOMMU in use")                     \
	X(NEEDS_REBOOT, "needs-reboot", "NeedsReboot", 26, "only a reboot brings it about")        \
	X(PERMISSION, "permission", "Permission", 27, "the caller may not do this")                \
	X(STALE, "stale-generation", "StaleGeneration", 28,                                        \
		"the claim has another generation by now")                                         \
	X(QUARANTINED, "quarantined", "Quarantined", 29,                                           \
		"it did not come clean after its last owner")                                      \
	X(DRAINING, "draining", "Draining", 30, "its PF takes no new claims")                      \
	X(DUPLICATE_MAC, "duplicate-mac", "DuplicateMac", 31,                                      \
		"another function or domain has this MAC")                                         \
	X(NO_LIBVIRT, "no-libvirt", "NoLibvirt", 32,                                               \
		"libvirt cannot be reached and the answer needs it")

enum via_refusal {
	VIA_REFUSAL_NONE = 0,
#define VIA_X(sym, code, vl, exit, text) VIA_REFUSED_##sym,
	VIA_REFUSALS(VIA_X)
#undef VIA_X
		VIA_REFUSAL_COUNT
};

#define VIA_ERR_MSG_MAX 1024

struct via_err {
	int code;		   /* what the function returned */
	char msg[VIA_ERR_MSG_MAX]; /* a sentence: what, where (file, field), and the fix */
};

/* Fill err (when not NULL) and return code, so that "return via_err_set(err, -EINVAL, …)" works. */
int via_err_set(struct via_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int via_err_setv(struct via_err *err, int code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
/* Put "prefix: " before the message; keeps the code. */
void via_err_prefix(struct via_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Reason code ("in-use"), varlink error name without the interface ("InUse"), exit status,
 * sentence. For VIA_REFUSAL_NONE or a number out of range: "none", NULL, 1, "". */
const char *via_refusal_code(enum via_refusal r);
const char *via_refusal_varlink(enum via_refusal r);
int via_refusal_exit(enum via_refusal r);
const char *via_refusal_text(enum via_refusal r);
/* The way back; VIA_REFUSAL_NONE when nothing has that name. */
enum via_refusal via_refusal_from_varlink(const char *name);
enum via_refusal via_refusal_from_code(const char *code);

#endif
