"""`Endpoint` for an event loop (asyncio): the same settings, the same answers, the same errors; every call is awaited.

async with AsyncEndpoint("api.example.com", api_key) as endpoint:
    answer = await endpoint.predict({"mean_radius": 17.99, …})
"""

from __future__ import annotations

import asyncio
import json as jsonlib
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Self, TypeVar

import httpx

from failover.client.answers import Inference, Prediction, Reply
from failover.client.calls import Attempt, Call, Site
from failover.client.core import Core, Reach, Request, take_reply, with_tries
from failover.client.directory import Question
from failover.client.endpoint import CONNECTIONS, KEEP_SECONDS
from failover.client.errors import Failed, RequestRefused
from failover.client.policy import Policy
from failover.client.tracing import SILENT, Sent, Trace

T = TypeVar("T")


class AsyncEndpoint:
    """Asks the site that DNS names, and another one where that one fails. `Endpoint` says what the arguments mean."""

    def __init__(
        self,
        host: str,
        api_key: str = "",
        *,
        second_host: str | None = None,
        sites: Sequence[str] = (),
        policy: Policy | None = None,
        reach: Reach | None = None,
        check_receipts: bool = True,
        tracer: Any = None,
    ) -> None:
        self._core = Core.build(
            host,
            api_key,
            second_host=second_host,
            sites=sites,
            policy=policy,
            reach=reach,
            check_receipts=check_receipts,
            tracer=tracer,
        )
        self._transport = httpx.AsyncHTTPTransport(
            verify=self._core.reach.ssl_context(),
            trust_env=False,
            limits=httpx.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEEP_SECONDS
            ),
        )
        self._asking = asyncio.Lock()
        self._behind: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await _cancel(self._behind)
        await self._transport.aclose()

    # -- calls -------------------------------------------------------------------------------------------------------

    async def predict(
        self, features: Mapping[str, Any], *, model: str = "", deadline_seconds: float | None = None
    ) -> Prediction:
        """The answer to one row, by names; raises as `Endpoint.predict` does."""
        found: Prediction = await self._call(self._core.ask_prediction(features, model, deadline_seconds))
        if self._core.needs_metadata(found):
            await self.metadata(found.model, anew=True)
            self._core.check_row(found, features)
        return found

    async def infer(
        self, model: str, rows: Sequence[Sequence[Any]], *, deadline_seconds: float | None = None
    ) -> Inference:
        """The answers to rows, each in the order of the model's columns."""
        await self.metadata(model)
        try:
            found: Inference = await self._call(self._core.ask_inference(model, rows, deadline_seconds))
        except RequestRefused:
            self._core.metadata.pop(model, None)  # another version may take other rows
            raise
        if self._core.needs_metadata(found):
            await self.metadata(found.model, anew=True)
            self._core.check_rows(found, rows)
        return found

    async def metadata(self, model: str, *, anew: bool = False) -> Mapping[str, Any]:
        """Columns, tensors and version of a model; asked for once."""
        known = self._core.metadata
        if anew or model not in known:
            known[model] = await self._call(self._core.ask_metadata(model))
        return known[model]

    async def feedback(self, receipt: str, truth: str | Sequence[str]) -> None:
        """Give a receipt back with what was true."""
        told = truth if isinstance(truth, str) else list(truth)
        await self.request("POST", "/feedback", json={"receipt": receipt, "truth": told}, idempotent=True)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        idempotent: bool | None = None,
        deadline_seconds: float | None = None,
    ) -> Reply:
        """Any request, as `Endpoint.request`."""
        body = b"" if json is None else jsonlib.dumps(json, separators=(",", ":")).encode()
        return await self._call(self._core.ask(method, path, body, idempotent, deadline_seconds))

    async def sites(self) -> tuple[Site, ...]:
        """The sites that are known now, in the order in which a call would ask them."""
        await self._look_up()
        return self._core.directory.sites

    # -- inside ------------------------------------------------------------------------------------------------------

    async def _call(self, request: Request[T]) -> T:
        with self._core.tracing.call(self._core.host, request.method, request.path) as trace:
            await self._look_up(trace)
            call, latest = self._core.open_call(request, trace), None
            while (attempt := call.next()) is not None:
                try:
                    if self._core.policy.hedge_after_seconds is not None and request.idempotent:
                        return await self._race(call, request, attempt)
                    return await self._try(call, request, attempt)
                except Failed as failure:
                    latest = failure
            raise self._core.no_answer(call, latest)

    async def _try(self, call: Call, request: Request[T], attempt: Attempt) -> T:
        """Send one attempt, and say how it ended. Raises Failed where another may follow."""
        try:
            with self._core.trace_attempt(call, request, attempt) as sent:
                answer = take_reply(request, await self._send(attempt, request, sent))
        except Failed as failure:
            call.failed(attempt, failure)
            raise
        except RequestRefused:
            call.answered(attempt)
            raise
        except BaseException:
            call.called_off(attempt)
            raise
        call.answered(attempt)
        call.trace.answered(attempt.site.name, len(call.tries))
        return with_tries(answer, call)

    async def _race(self, call: Call, request: Request[T], first: Attempt) -> T:
        """Send one attempt and, when it takes long, a second; the first answer counts and ends the other."""
        started: Coroutine[Any, Any, T] = self._try(call, request, first)
        running: set[asyncio.Task[T]] = {asyncio.create_task(started)}
        try:
            done, _ = await asyncio.wait(running, timeout=self._core.policy.hedge_after_seconds)
            if not done and (second := call.next()) is not None:
                running.add(asyncio.create_task(self._try(call, request, second)))
            while True:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                told = next((task for task in done if not isinstance(task.exception(), Failed)), None)
                if told is not None or not running:
                    return (told or done.pop()).result()
        finally:
            await _cancel(running)

    async def _send(self, attempt: Attempt, request: Request[Any], traced: Sent) -> Reply:
        if attempt.pause_seconds:
            await asyncio.sleep(attempt.pause_seconds)
        sent = httpx.Request(
            request.method,
            self._core.url(attempt, request),
            headers=self._core.headers(attempt, request) | traced.headers,
            content=request.body,
            # Half for TCP, half for TLS: both end by themselves, for a handshake that is cancelled leaves its socket.
            extensions={
                "sni_hostname": attempt.site.host,
                "timeout": {"connect": attempt.seconds / 2},
                **traced.extensions_async,
            },
        )
        try:
            async with asyncio.timeout(attempt.seconds):
                response = await self._transport.handle_async_request(sent)
                try:
                    body = await response.aread()
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Failed(f"{type(error).__name__}: {error}", sent=False) from error
        except TimeoutError as error:
            raise Failed(f"no complete answer within {attempt.seconds:.2f} s") from error
        except (httpx.HTTPError, OSError) as error:
            raise Failed(f"{type(error).__name__}: {error}") from error
        traced.answered(response.status_code)
        return Reply(response.status_code, response.headers, body, attempt.site.name)

    # -- DNS ---------------------------------------------------------------------------------------------------------

    async def _look_up(self, trace: Trace = SILENT) -> None:
        """Ask DNS what is due: behind the calls where an address is known that may still be right."""
        directory = self._core.directory
        if not directory.due():
            return
        if directory.must_wait():
            policy = self._core.policy
            with self._core.trace_dns(trace):
                await self._ask_first(policy.dns_seconds if directory.sites else policy.deadline_seconds / 2)
        elif not self._asking.locked():
            task = asyncio.create_task(self._ask_behind())
            self._behind.add(task)
            task.add_done_callback(self._behind.discard)

    async def _ask_first(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):  # whoever asks already may wait for longer than this call
                await self._asking.acquire()
        except TimeoutError:
            return
        try:
            await self._ask(seconds)
        finally:
            self._asking.release()

    async def _ask_behind(self) -> None:
        async with self._asking:
            await self._ask(self._core.policy.deadline_seconds)

    async def _ask(self, seconds: float) -> None:
        """Ask what is due, and what the answers make due, within `seconds`."""
        directory, over = self._core.directory, asyncio.get_running_loop().time() + seconds
        asked: set[Question] = set()
        while (left := over - asyncio.get_running_loop().time()) > 0:
            question = next((q for q in directory.due() if q not in asked), None)
            if question is None:
                return
            asked.add(question)
            directory.take(question, await self._core.names.ask_async(question, left / 2))


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tuple(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
