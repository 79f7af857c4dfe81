/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for libFuzzer: runs the target on each file, and on each file of each directory, that
 * is named. Options (-runs=0) are libFuzzer's and are ignored. Fails when it found nothing to run.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t n_run;

/* The input gets memory of exactly its size, so that a sanitizer sees every byte read past it. */
static int run_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);
	int ok = f && data && fread(data, 1, size, f) == size;

	if (ok) {
		LLVMFuzzerTestOneInput(data, size);
		n_run++;
	} else {
		perror(path);
	}
	free(data);
	if (f)
		fclose(f);
	return ok ? 0 : -1;
}

static int run_path(const char *path);

static int run_dir(const char *path)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, NULL, alphasort);
	char name[4096];
	int r = n < 0 ? -1 : 0;

	if (r)
		perror(path);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && run_path(name) < 0)
			r = -1;
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int run_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		perror(path);
		return -1;
	}
	return S_ISDIR(st.st_mode) ? run_dir(path) : run_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	int r = 0;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-' && run_path(argv[i]) < 0)
			r = 1;
	}
	printf("%zu inputs\n", n_run);
	return n_run ? r : 1;
}
