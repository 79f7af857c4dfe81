/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "domain/xml.h"

#include <errno.h>
#include <string.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "base/cleanup.h"
#include "domain/xml_elements.h"

/*
 * Some of libxml2's work grows with the square of these two (up to 2.11 it compares each attribute
 * of an element with each other, and each prefix with every namespace in force): libvirt writes a
 * few dozen at most.
 */
#define ATTRS_MAX      256
#define NAMESPACES_MAX 256

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_space(const char *s, const char *end)
{
	while (s < end && is_space(*s))
		s++;
	return s;
}

/*
 * Fit for libxml2? UTF-8 without a mark, so that nothing is converted; and no element with very
 * many attributes: each has a '=' and a quote, and no value holds a '<'. Text alike is refused with
 * them.
 */
static int check_text(const char *text, size_t len, struct via_err *err)
{
	const char *end = text + len, *s = skip_space(text, end);
	unsigned int line = 1, attrs = 0;

	if (len > VIA_DOMAIN_XML_MAX)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"the domain's XML is longer than %u bytes", VIA_DOMAIN_XML_MAX);
	if (s == end || *s != '<')
		return via_err_set(err, VIA_REFUSED_INVALID,
			"line 1: the domain's XML does not begin with <domain>");
	for (; s < end; s++) {
		line += *s == '\n';
		if (!*s)
			return via_err_set(err, VIA_REFUSED_INVALID, "line %u: a NUL byte", line);
		if (*s == '<') {
			attrs = 0;
		} else if (*s == '=') {
			const char *quote = skip_space(s + 1, end);

			attrs += quote < end && (*quote == '"' || *quote == '\'');
		}
		if (attrs > ATTRS_MAX)
			return via_err_set(err, VIA_REFUSED_INVALID,
				"line %u: an element with more than %d attributes", line,
				ATTRS_MAX);
	}
	return 0;
}

static struct via_xml *state_of(xmlParserCtxtPtr p)
{
	return p->_private;
}

static void stop_if_over(xmlParserCtxtPtr p)
{
	if (state_of(p)->r)
		xmlStopParser(p);
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int n_namespaces, const xmlChar **namespaces, int n_attrs, int n_defaulted,
	const xmlChar **attrs)
{
	xmlParserCtxtPtr p = ctx;
	struct via_xml *x = state_of(p);
	const struct via_xml_tag t = {(const char *)name, (const char *)uri, n_attrs, attrs};

	(void)prefix, (void)namespaces, (void)n_defaulted;
	x->line = xmlSAX2GetLineNumber(p);
	x->namespaces += (unsigned int)n_namespaces;
	if (x->namespaces > NAMESPACES_MAX)
		via_xml_fail(x, t.name, "there are more than %d namespaces", NAMESPACES_MAX);
	via_xml_start(x, &t);
	stop_if_over(p);
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	(void)name, (void)prefix, (void)uri;
	via_xml_end(state_of(ctx));
	stop_if_over(ctx);
}

static void on_text(void *ctx, const xmlChar *s, int len)
{
	via_xml_text(state_of(ctx), (const char *)s, (size_t)len);
	stop_if_over(ctx);
}

/* <!DOCTYPE>: where entities and outside files come from. It is called before its contents are
 * read. */
static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
	struct via_xml *x = state_of(ctx);

	(void)name, (void)id, (void)system;
	x->line = xmlSAX2GetLineNumber(ctx);
	via_xml_fail(x, "!DOCTYPE", "a domain's XML has none");
	stop_if_over(ctx);
}

/* libxml2's messages end in a newline. */
static void on_error(void *ctx, xmlErrorPtr e)
{
	xmlParserCtxtPtr p = ctx;
	struct via_xml *x = state_of(p);
	const char *msg = e->message ? e->message : "no XML";

	if (x->r || e->level < XML_ERR_ERROR)
		return;
	if (e->code == XML_ERR_NO_MEMORY)
		x->r = via_err_set(x->err, -ENOMEM, "out of memory");
	else
		x->r = via_err_set(x->err, VIA_REFUSED_INVALID, "line %d: %.*s", e->line,
			(int)strcspn(msg, "\n"), msg);
	xmlStopParser(p);
}

static void quiet(void *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void quiet(void *ctx, const char *fmt, ...)
{
	(void)ctx, (void)fmt;
}

static const xmlSAXHandler handler = {
	.initialized = XML_SAX2_MAGIC,
	.internalSubset = on_doctype,
	.startElementNs = on_start,
	.endElementNs = on_end,
	.characters = on_text,
	.cdataBlock = on_text,
	.warning = quiet,
	.serror = on_error,
};

static void cleanup_parser(xmlParserCtxtPtr *p)
{
	if (*p)
		xmlFreeParserCtxt(*p);
}

/* Neither XML_PARSE_NOENT nor DTDLOAD nor HUGE: nothing is substituted, nothing loaded. */
static int parse(const char *text, size_t len, struct via_xml *x)
{
	__attribute__((cleanup(cleanup_parser))) xmlParserCtxtPtr p =
		xmlCreateMemoryParserCtxt(text, (int)len);

	if (!p)
		return via_err_set(x->err, -ENOMEM, "out of memory");
	*p->sax = handler;
	p->_private = x;
	p->userData = p;
	xmlCtxtUseOptions(p, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_COMPACT);
	xmlParseDocument(p);
	if (!x->r && !p->wellFormed)
		x->r = via_err_set(x->err, VIA_REFUSED_INVALID, "the domain's text is no XML");
	via_xml_complete(x);
	return x->r;
}

int via_domain_from_xml(const char *text, size_t len, struct via_domain *ret, struct via_err *err)
{
	__attribute__((cleanup(via_xml_finish))) struct via_xml x = {.err = err};
	int r = check_text(text, len, err);

	if (r == 0)
		r = parse(text, len, &x);
	if (r)
		return r;
	*ret = x.d;
	x.d = (struct via_domain){0};
	return 0;
}
