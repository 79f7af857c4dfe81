/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is what a client sends: framing in pieces of every size, then each message as a call.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/varlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void call(const char *text, size_t len)
{
	struct via_varlink_msg m = {0};
	struct via_err err = {0};
	size_t n;

	if (via_varlink_parse(text, len, &m, &err)) {
		require(err.msg[0] && !m.method && !m.parameters);
		return;
	}
	n = via_varlink_interface_len(m.method);
	require(n > 0 && m.method[n] == '.' && strlen(m.method) <= VIA_VARLINK_METHOD_MAX);
	require(!m.parameters || json_object_is_type(m.parameters, json_type_object));
	/* What a client sent may come back in an error: that must be a message again. */
	via_text_unref(via_varlink_reply(json_object_get(m.parameters), m.method, true));
	via_varlink_msg_finish(&m);
}

static size_t take_all(struct via_varlink_in *in)
{
	const char *text;
	size_t len, n = 0;

	while (via_varlink_in_next(in, &text, &len) == 1) {
		require(!memchr(text, '\0', len) && text[len] == '\0');
		call(text, len);
		n++;
	}
	return n;
}

static size_t nuls(const uint8_t *data, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += data[i] == 0;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct via_varlink_in in = {0};
	size_t piece = size ? 1 + data[0] % 64 : 1, n = 0;

	for (size_t at = 0; at < size; at += piece) {
		size_t len = size - at < piece ? size - at : piece;

		require(via_varlink_in_add(&in, data + at, len) == 0);
		n += take_all(&in);
	}
	require(n == nuls(data, size));
	require(via_varlink_in_pending(&in) == (size > 0 && data[size - 1] != 0));
	via_varlink_in_finish(&in);
	return 0;
}
