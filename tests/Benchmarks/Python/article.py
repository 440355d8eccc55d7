"""I/O operations with asyncio and grpc.aio: users looked up one after the other, or all at the same time.

Environment: DESCRIPTORS (a FileDescriptorSet), BENCHMARK_TOKEN (an access token). Argument: the address of Users, host:port. Each line of standard input is a request,
{"userIds": [...], "concurrent": true}; each line of output says how long it took: {"seconds": [...], "failed": 0}, after each user when one after the other.
"""

import asyncio
import json
import os
import sys
import time

import grpc
import uvloop

import contracts


async def main():
    get_user, request = contracts.unary(grpc.aio.insecure_channel(sys.argv[1]), "users.v1.UsersService/GetUser")
    caller = (("authorization", "Bearer " + os.environ["BENCHMARK_TOKEN"]),)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        failed, seconds = 0, []
        started = time.perf_counter()
        if asked["concurrent"]:
            answers = await asyncio.gather(*(get_user(request(user_id=user), timeout=60, metadata=caller) for user in asked["userIds"]), return_exceptions=True)
            seconds.append(time.perf_counter() - started)
            failed = sum(isinstance(answer, Exception) for answer in answers)
        else:
            for user in asked["userIds"]:
                try:
                    await get_user(request(user_id=user), timeout=60, metadata=caller)
                except grpc.RpcError:
                    failed += 1
                seconds.append(time.perf_counter() - started)
        print(json.dumps({"seconds": seconds, "failed": failed}), flush=True)


uvloop.install()
asyncio.run(main())
