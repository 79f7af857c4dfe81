/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker.h"

struct job {
	struct via_job job;
	int number;
	pthread_t thread;
	int gate; /* to read from before it is done; -1 none */
	struct via_mailbox *mailbox;
};

static int order[64], n_order, n_cancelled;
static pthread_t done_on;

static void done(struct via_job *j)
{
	struct job *job = via_container_of(j, struct job, job);

	order[n_order++] = job->number;
	n_cancelled += j->cancelled;
	done_on = pthread_self();
	assert_true(j->cancelled || j->note || !pthread_equal(job->thread, done_on));
	free(job);
}

static void work(struct via_job *j)
{
	struct job *job = via_container_of(j, struct job, job);
	char c;

	job->thread = pthread_self();
	if (job->gate >= 0)
		(void)!read(job->gate, &c, 1);
	if (job->mailbox) {
		struct job *note = calloc(1, sizeof(*note));

		note->number = -job->number;
		note->job.done = done;
		via_mailbox_note(job->mailbox, &note->job);
	}
}

static struct job *job_new(int number, int gate)
{
	struct job *j = calloc(1, sizeof(*j));

	j->number = number;
	j->gate = gate;
	j->job.work = work;
	j->job.done = done;
	return j;
}

static void drain(struct via_mailbox *m)
{
	while (via_mailbox_open(m)) {
		struct pollfd p = {.fd = via_mailbox_fd(m), .events = POLLIN};

		assert_int_equal(poll(&p, 1, 30000), 1);
		via_mailbox_dispatch(m);
	}
}

static int setup(void **state)
{
	struct via_mailbox *m;

	n_order = n_cancelled = 0;
	if (via_mailbox_create(&m) < 0)
		return -1;
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	via_mailbox_destroy(*state);
	return 0;
}

static void test_jobs_in_order(void **state)
{
	struct via_worker *w = via_worker_create(*state, "test");

	for (int i = 1; i <= 40; i++)
		via_worker_submit(w, &job_new(i, -1)->job);
	drain(*state);
	assert_int_equal(n_order, 40);
	for (int i = 0; i < 40; i++)
		assert_int_equal(order[i], i + 1);
	assert_true(pthread_equal(done_on, pthread_self()));
	assert_true(via_worker_end(w, 10000));
	via_worker_free(w);
}

static void test_notes_come_before_their_job(void **state)
{
	struct via_worker *w = via_worker_create(*state, "test");
	struct job *j = job_new(5, -1);

	j->mailbox = *state;
	via_worker_submit(w, &j->job);
	drain(*state);
	assert_int_equal(n_order, 2);
	assert_int_equal(order[0], -5);
	assert_int_equal(order[1], 5);
	assert_true(via_worker_end(w, 10000));
	via_worker_free(w);
}

static void test_ending_cancels_what_waits(void **state)
{
	struct via_worker *w = via_worker_create(*state, "test");
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	via_worker_submit(w, &job_new(1, gate[0])->job);
	via_worker_submit(w, &job_new(2, -1)->job);
	/* The first may not have begun: then it is cancelled too, which is as good. */
	usleep(100000);
	assert_false(via_worker_end(w, 50));
	assert_int_equal(write(gate[1], "", 1), 1);
	assert_true(via_worker_end(w, 10000));
	via_worker_submit(w, &job_new(3, -1)->job);
	drain(*state);
	assert_int_equal(n_order, 3);
	assert_int_equal(n_cancelled, 2);
	via_worker_free(w);
	close(gate[0]);
	close(gate[1]);
}

static void test_a_thread_that_ended_starts_again(void **state)
{
	struct via_worker *w = via_worker_create(*state, "test");

	via_worker_submit(w, &job_new(1, -1)->job);
	drain(*state);
	sleep(3); /* longer than a thread lingers */
	via_worker_submit(w, &job_new(2, -1)->job);
	drain(*state);
	assert_int_equal(n_order, 2);
	assert_true(via_worker_end(w, 10000));
	via_worker_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_jobs_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notes_come_before_their_job, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ending_cancels_what_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_thread_that_ended_starts_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
