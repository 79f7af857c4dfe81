/* SPDX-License-Identifier: GPL-2.0-or-later */
/* org.varlink.service: who we are and what we speak. */
#include <string.h>

#include "api.h"

void via_api_get_info(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	(void)d;
	(void)p;
	via_json_add_str(o, "vendor", "viaduct");
	via_json_add_str(o, "product", "viaductd");
	via_json_add_str(o, "version", VIADUCT_VERSION);
	via_json_add_str(o, "url", "https://varlink.org");
	json_object_array_add(list, json_object_new_string("org.varlink.service"));
	json_object_array_add(list, json_object_new_string("org.viaduct"));
	json_object_object_add(o, "interfaces", list);
	via_call_reply(call, o);
}

void via_api_get_interface(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	static const struct {
		const char *name, *text;
	} interfaces[] = {
		{"org.viaduct", via_text_org_viaduct},
		{"org.varlink.service", via_text_org_varlink_service},
	};
	json_object *o = json_object_new_object();

	(void)d;
	for (size_t i = 0; i < 2; i++) {
		if (strcmp(interfaces[i].name, p->interface))
			continue;
		via_json_add_str(o, "description", interfaces[i].text);
		via_call_reply(call, o);
		return;
	}
	via_json_add_str(o, "interface", p->interface);
	via_call_error(call, "org.varlink.service.InterfaceNotFound", o);
}
