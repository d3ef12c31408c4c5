"""Clients in processes of their own, so that whoever plays tricks meanwhile has time."""

import asyncio
import multiprocessing

import client


def serve(port, clients, model, keep, first, stop, pipe):
    async def all_of_them():
        tally = client.Tally()
        await asyncio.gather(*(
            client.client(first + i, port, keep(first + i), stop.is_set, tally,
                          lambda text: client.prompt(model, text)) for i in range(clients)))
        return tally
    pipe.send(asyncio.run(all_of_them()))


class Crowd:
    """Asks from the start until `tally` ends it."""

    def __init__(self, port, clients, model, processes=2, keep=lambda number: number % 2):
        self.stop = multiprocessing.Event()
        self.parts = []
        for part in range(processes):
            ours, theirs = multiprocessing.Pipe(False)
            share = clients // processes + (part < clients % processes)
            process = multiprocessing.Process(
                target=serve, args=(port, share, model, keep, part * clients, self.stop, theirs),
                daemon=True)
            process.start()
            self.parts.append((process, ours))

    def tally(self):
        self.stop.set()
        whole = client.Tally()
        for process, pipe in self.parts:
            whole.merge(pipe.recv())
            process.join()
        return whole
