/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_HTTP_GATE_H
#define CAIRN_TESTS_LIB_HTTP_GATE_H
/* A door at which handlers wait until the test lets them go on. One for the process. */
#include "chain/http/server.h"

void gate_init(void);
/* A handler's side: waits until it may go on, or, with r, until its client has left: CODE_CLOSED. */
int gate_pass(struct http_request *r);
/* The test's side. Waits until n handlers have come to the door, until n have gone because their client left. */
void gate_wait_entered(unsigned n);
void gate_wait_left(unsigned n);
void gate_let_go(void);

/* What a handler came to, for a test that waits for it. */
void gate_note(int rc);
int gate_wait_noted(void);

#endif
