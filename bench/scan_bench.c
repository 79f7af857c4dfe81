/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan-bench ROOT [json]: what `lspci` is compared with: open the real door on ROOT, read its whole
 * inventory (names, holders, everything), and end. With json: print it as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "kernel/scan.h"
#include "model/codec.h"

static void report(const struct via_inventory *inv)
{
	size_t n[VIA_DEVICE_VF + 1] = {0};

	for (size_t i = 0; i < inv->n_devices; i++)
		n[inv->devices[i].kind]++;
	printf("%zu devices: %zu PFs, %zu VFs; %zu net devices; %s; %zu KiB\n", inv->n_devices,
		n[VIA_DEVICE_PF], n[VIA_DEVICE_VF], inv->n_netdevs,
		inv->complete ? "complete" : "incomplete", inv->arena.total / 1024);
}

int main(int argc, char **argv)
{
	via_autoinventory *inv = NULL;
	via_autojson *o = NULL;
	via_autoclose int root = -1;
	struct via_kernel *k = NULL;
	struct via_err err = {0};
	int r;

	if (argc < 2)
		return 2;
	root = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = root < 0 ? via_err_set(&err, -errno, "%s: %s", argv[1], strerror(errno))
		     : via_kernel_linux_create(root, &k, &err);
	if (r == 0)
		r = via_scan(k, NULL, &inv, &err);
	if (r)
		fprintf(stderr, "scan-bench: %s\n", err.msg);
	else if (argc > 2)
		puts(json_object_to_json_string(o = via_codec_inventory(inv)));
	else
		report(inv);
	via_kernel_destroy(k);
	return r ? 1 : 0;
}
