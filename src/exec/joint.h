/* SPDX-License-Identifier: Apache-2.0 */
/* joint.h -- signatures that take the same examples, as one: what they have in common is computed once.
 *
 * A joint signature has the outputs of all that take one tensor of tf.Examples and nothing else, one behind the other; who wants
 * those of some has the rest left out (partial.h). It is made at load, where there are two such signatures or more. It is
 * run as any other, but has no name that a client could ask for, and no rows of zeros are run through it.
 */
#ifndef TD_EXEC_JOINT_H
#define TD_EXEC_JOINT_H

#include "tensord/session.h"

/* After the programs of all signatures are made. One that cannot be made is left out. */
void td_joints_make(td_session *s);

/* As td_session_signatures(), and behind those the joint ones. */
const td_signature *td_joint_signatures(const td_session *s, size_t *n);

/* The joint signature that sig is part of, and the index of sig's first output there; NULL: none. sig: one of
 * td_session_signatures(). */
const td_signature *td_joint_of(const td_session *s, const td_signature *sig, size_t *first);

#endif
