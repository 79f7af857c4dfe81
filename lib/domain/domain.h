/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A libvirt domain as far as it concerns us: who it is, which host devices it is given, which of
 * its NICs are taps, where its memory lies, which networks our metadata names. Read from domain XML
 * (xml.h) by the hook and by the libvirt connection, carried as JSON between hook and daemon.
 * A value without pointers into anything else; domain_finish() frees what is in it.
 */
#ifndef VIA_DOMAIN_DOMAIN_H
#define VIA_DOMAIN_DOMAIN_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/parse.h"

#define VIA_UUID_MAX	     37	 /* 8-4-4-4-12, lower case, and a NUL */
#define VIA_DOMAIN_NAME_MAX  256 /* libvirt has no limit of its own; longer names are refused */
#define VIA_NETWORK_NAME_MAX 64
#define VIA_ALIAS_MAX	     64
#define VIA_DOMAIN_DEVS_MAX  64	  /* host devices; a domain with more is refused */
#define VIA_DOMAIN_NICS_MAX  1024 /* other NICs */
#define VIA_DOMAIN_XMLNS     "urn:viaduct:domain:1" /* of our element in <metadata> */

/* A PCI function of the host that the domain is given. */
struct via_domain_dev {
	struct via_addr addr; /* <source><address>; of the host */
	bool interface;	      /* <interface type='hostdev'>; else a plain <hostdev> */
	bool managed; /* managed='yes': libvirt takes it from its driver and gives it back */
	bool pool;    /* chosen by libvirt from a network of its own (<interface type='network'>) */
	bool has_mac;
	struct via_mac mac;
	/* <vlan> of an interface: libvirt sets it, and clears it when there is none. */
	uint32_t n_tags;
	uint16_t tag; /* the first one */
	bool trunk;
	char alias[VIA_ALIAS_MAX];   /* "" none */
	char partner[VIA_ALIAS_MAX]; /* <teaming type='transient' persistent='…'>; "" none */
	char network[VIA_NETWORK_NAME_MAX]; /* what our metadata says of it; "" nothing */
};

/* Another NIC of it: a tap, mostly. */
struct via_domain_nic {
	bool has_mac;
	struct via_mac mac;
	char type[16];	 /* "bridge", "network", "ethernet", … */
	char source[64]; /* bridge or network; "" none */
	char target[16]; /* the tap's name on the host; "" not known yet */
	char alias[VIA_ALIAS_MAX];
	bool persistent; /* <teaming type='persistent'/> */
};

enum via_numa_mode { VIA_NUMA_NONE, VIA_NUMA_PREFERRED, VIA_NUMA_STRICT };

struct via_domain {
	char uuid[VIA_UUID_MAX];
	char name[VIA_DOMAIN_NAME_MAX];
	bool active;
	bool unread; /* in a listing: which devices it has is not known, as it cannot be read */
	enum via_numa_mode
		numa;	/* <numatune><memory>; interleave and restrictive count as strict */
	uint64_t nodes; /* mask of host nodes below 64 */
	size_t n_devs;
	struct via_domain_dev *devs;
	size_t n_nics;
	struct via_domain_nic *nics;
};
void via_domain_finish(struct via_domain *d); /* leaves it empty */

/* The JSON that goes between hook and daemon (schemas: type Domain). NULL out of memory. */
json_object *via_domain_json(const struct via_domain *d);
/* 0, -ENOMEM or VIA_REFUSED_INVALID naming the member. *ret is overwritten; finish it. */
int via_domain_parse(json_object *o, struct via_domain *ret, struct via_err *err);

/* "8-4-4-4-12" hexadecimal digits, made lower case. 0 or -EINVAL. */
int via_uuid_parse(const char *s, char ret[VIA_UUID_MAX]);

#endif
