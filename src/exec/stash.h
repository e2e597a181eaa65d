/* SPDX-License-Identifier: Apache-2.0 */
/* stash.h -- a model's packed weights in a directory on disk, for loads that come after this one.
 *
 *     <dir>/<key>.tdpack   the packed weights (ops/pack_file.h)
 *     <dir>/<key>.seen     what the model's files and the packed ones looked like when all their checksums were right;
 *                          written anew by each load that reads them: its age is that of their last use
 *
 * The key is of the model's files, by content (of weights, the checksums in their index), the CPU, the precision and this
 * binary: files may be copied to other places and machines. While files are what .seen says (inode, size, times), their
 * checksums are not compared again; else all of them are. Whatever is wrong with the directory or what is in there costs a
 * warning, and the load packs as it would without. */
#ifndef TD_EXEC_STASH_H
#define TD_EXEC_STASH_H

#include "base/mutex.h"
#include "ops/op.h"

typedef struct td_stash td_stash;

/* The stash in dir for the model at path, whose packs env has: what is there is used from now on. team: to compare
 * checksums; NULL is fine. NULL: dir is. */
td_stash *td_stash_open(const char *dir, const char *path, td_env *env, td_team *team);
void td_stash_free(td_stash *s); /* NULL is fine */

/* Nothing in the model's files has changed since their checksums were right. */
bool td_stash_knows_files(const td_stash *s);
/* The file that packs are read from; NULL: none. */
const char *td_stash_file(const td_stash *s);

/* Once the model is loaded: writes what was packed, if there is something new, and gives up what was not used for longest
 * when there are more than most bytes. Takes its time. One thread at a time. */
void td_stash_save(td_stash *s, td_packs *packs, uint64_t most);

#endif
