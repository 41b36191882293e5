/* socket.h - messages between the caller's process and its workers, over a socket.
 * SPDX-License-Identifier: MIT
 */
#ifndef OUTSIDE_SOCKET_H
#define OUTSIDE_SOCKET_H

#include <cadre/backend.h>

enum kind { MANIFEST = 1, LEASE, HALT, LEAVE, OUTCOME, LEFT, REFUSED, RETIRED, CLOSE };

/* `bytes` lies on a boundary of 16, and is the receiver's to free. */
struct message {
    struct message *next;
    uint32_t kind, seat;
    uint64_t size;
    void *bytes;
};

/* False: the other side is gone. */
bool message_send(int fd, enum kind kind, uint32_t seat, const void *bytes,
                  size_t size);
bool message_receive(int fd, struct message *m);

/* In the worker's process: serve until the socket is closed. `most`: tasks an outcome. */
_Noreturn void socket_worker(int fd, uint64_t most);

/* The backend; and so many tasks an outcome tells of, 0: as many as cadre likes. */
extern const cadre_backend contract_backend;
extern uint64_t socket_most;

/* Whether a dead worker's place is gone, too, as if its machine was. */
extern bool socket_gone;

#endif
