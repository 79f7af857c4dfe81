/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FIELDS_MAX 12

static bool to_journal;
static int max_priority = LOG_INFO;

static const char *const priority_names[] = {
	[LOG_EMERG] = "emergency",
	[LOG_ALERT] = "alert",
	[LOG_CRIT] = "critical",
	[LOG_ERR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_NOTICE] = "notice",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of the stream that the journal reads. */
static bool stderr_is_journal(void)
{
	const char *env = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (!env || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	return !strcmp(env, own);
}

void via_log_open(bool debug)
{
	to_journal = stderr_is_journal();
	if (debug)
		max_priority = LOG_DEBUG;
}

static void send_journal(
	int priority, const struct via_log_field *fields, size_t n, const char *message)
{
	struct iovec iov[FIELDS_MAX + 2];
	char *text[FIELDS_MAX + 2];
	size_t count = 0;

	if (asprintf(&text[count], "MESSAGE=%s", message) > 0)
		count++;
	if (asprintf(&text[count], "PRIORITY=%d", priority) > 0)
		count++;
	for (size_t i = 0; i < n && i < FIELDS_MAX; i++)
		if (fields[i].value &&
			asprintf(&text[count], "%s=%s", fields[i].key, fields[i].value) > 0)
			count++;
	for (size_t i = 0; i < count; i++)
		iov[i] = (struct iovec){.iov_base = text[i], .iov_len = strlen(text[i])};
	sd_journal_sendv(iov, (int)count);
	for (size_t i = 0; i < count; i++)
		free(text[i]);
}

void via_log_fields(int priority, const struct via_log_field *fields, size_t n, const char *message)
{
	if (priority > max_priority)
		return;
	if (to_journal)
		send_journal(priority, fields, n, message);
	else
		fprintf(stderr, "viaductd: %s: %s\n", priority_names[priority], message);
}

void via_log(int priority, const char *fmt, ...)
{
	via_autofree char *msg = NULL;
	va_list ap;
	int r;

	if (priority > max_priority)
		return;
	va_start(ap, fmt);
	r = vasprintf(&msg, fmt, ap);
	va_end(ap);
	if (r >= 0)
		via_log_fields(priority, NULL, 0, msg);
	else
		msg = NULL;
}
