"""Jobs ``send-file`` and ``ask-file``: an instruction file and its signature to a bank's directory.

The signature goes first, so that whoever sees the data file under its final name also sees its signature.
"""

from __future__ import annotations

from adapters.endpoints import SftpEndpoint, SftpServerEndpoint
from adapters.file_names import instruction_name
from gateway.services import sending
from gateway.services.context import Context
from gateway.services.jobs import Later, finish
from gateway.services.overdue import DONE, overdue
from gateway.services.sending import Permit
from gateway.store import instructions
from gateway.store.records import Instruction, InstructionState, Work
from gateway.transports.contract import TransportFault

UNRESOLVED = {InstructionState.SENDING, InstructionState.UNKNOWN}


def file_name(context: Context, instruction: Instruction) -> str:
    """The instruction file's name in this bank's pattern: derived, so a retry uses the same."""
    names = context.bank_of(instruction).profile.file_names
    if names is None:
        raise ValueError(f"bank {instruction.bank}: file_names is missing in its profile")
    return instruction_name(names, instruction.message_id)


def send_file(context: Context, work: Work) -> Later | None:
    """Deliver one instruction file; on a fault the honest next step of ``sending``."""
    if (opens := sending.closed_until_ms(context, work)) is not None:
        return Later(opens)
    instruction, permit = sending.permit(context, int(work.subject["instruction_id"]))
    if permit is Permit.NOTHING:
        sending.known(context, work, instruction)
        return None
    try:
        if permit is Permit.ASK and not _arrived(context, instruction):
            sending.doubted(context, work, instruction, "an earlier attempt was interrupted")
            return None
        if permit is Permit.SEND:
            _put(context, instruction)
    except TransportFault as fault:
        if permit is Permit.ASK:
            return Later(context.clock.now_ms() + 1000, str(fault))
        sending.failed(context, work, instruction, fault)
        return None
    sending.delivered(context, work, instruction)
    return None


def ask_file(context: Context, work: Work) -> Later | None:
    """Watch one sent file until its results are complete; find out about it while its arrival is in doubt.

    Doubt ends by the final name, by acknowledgement or result (collected all the time), or by sending the
    same bytes again where the bank rejects duplicates.
    """
    with context.store.read() as tx:
        instruction = instructions.by_id(tx, int(work.subject["instruction_id"]))
    if instruction.state in DONE:
        with context.store.begin() as tx:
            finish(tx, work)
        return None
    again = context.clock.now_ms() + int(context.bank_of(instruction).profile.inquiry.every_seconds * 1000)
    overdue(context, instruction)
    if instruction.state not in UNRESOLVED:
        return Later(again)
    try:
        if _arrived(context, instruction):
            sending.arrived(context, instruction)
        else:
            sending.resend(context, instruction)
    except TransportFault as fault:
        return Later(again, str(fault))
    return Later(again)


def _arrived(context: Context, instruction: Instruction) -> bool:
    endpoint = context.bank_of(instruction).profile.transport
    assert isinstance(endpoint, SftpEndpoint | SftpServerEndpoint) and instruction.content is not None  # noqa: S101 - file banks, built files
    found = context.files(instruction.bank).find(endpoint.outgoing_directory, file_name(context, instruction))
    return found is not None and found.size == instruction.content.size


def _put(context: Context, instruction: Instruction) -> None:
    profile = context.bank_of(instruction).profile
    endpoint, content, signature = profile.transport, instruction.content, instruction.signature
    assert isinstance(endpoint, SftpEndpoint | SftpServerEndpoint) and content is not None and signature is not None  # noqa: S101
    name, files = file_name(context, instruction), context.files(instruction.bank)
    try:
        files.put(endpoint.outgoing_directory, name + profile.security.detached_suffix, [signature], len(signature))
    except TransportFault as fault:
        # A signature alone instructs nothing: the data file has not been touched yet.
        fault.maybe_sent = False
        raise
    files.put(endpoint.outgoing_directory, name, context.vault.open(content), content.size)
