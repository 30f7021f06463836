"""Options of `yttria dose` for evaluations in addition to doses: limits, further quantities, and their inputs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, cast, get_type_hints

import typer

from .._core import Nuclide
from .._foundation.choices import STRUCTURE_ROLES, Device, StructureRole
from .._foundation.numbers import one_of
from ..case import DosedCase
from ..errors import ArgumentError
from ..geometry.structure import Structure
from ..planning import (
    DeliveredLimits,
    DeliveredRoles,
    PriorDoses,
    StructureMetrics,
    delivered_limits,
    delivered_roles,
    dose_limits,
    structure_metrics,
)
from ..planning.microsphere_nuclide import device_of_dose
from ..planning.structure_metrics import checked_metrics
from .options import evaluated_signature
from .prior_folder import read_prior_doses

_PANEL = "Limits and further quantities"


def _option(*spelled: str, help: str) -> Any:
    return typer.Option(*spelled, help=help, show_default=False, rich_help_panel=_PANEL)


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """Evaluations in addition to doses, and statements on the patient that they need; the fields are options."""

    limits: Annotated[str | None, _option(help="Compare with a guideline's limits, such as EANM2022.")] = None
    device: Annotated[str | None, _option(help="Microspheres: glass, resin, holmium or custom.")] = None
    disease: Annotated[str | None, _option(help="HCC, ICC or mCRC.")] = None
    intent: Annotated[str | None, _option(help="segmentectomy, lobectomy, unilobar or bilobar.")] = None
    role: Annotated[
        list[str] | None,
        _option(help=f"ROLE=PATTERN if not clear from names; ROLE: {', '.join(STRUCTURE_ROLES)}. Repeat for more."),
    ] = None
    metrics: Annotated[
        str | None,
        _option(
            help="By commas: V70, V70mL, D98, D2mL, BED, EQD2, EUD, gEUD, TCP, NTCP, mass, activity, T/N, reserve."
        ),
    ] = None
    parameters: Annotated[
        list[str] | None,
        _option(help="Published set, or own values as tumor:alpha_per_gy=0.02,clonogens=1e6. Repeat for more."),
    ] = None
    lung_mass_kg: Annotated[float | None, _option(help="Mass of the lungs.")] = None
    lung_activity_gbq: Annotated[
        float | None, _option(help="Activity in the lungs, if the image does not hold them.")
    ] = None
    hepatic_reserve_fraction: Annotated[
        float | None,
        _option("--reserve-fraction", help="Untreated fraction of the liver, if not all of the liver is drawn."),
    ] = None
    bilirubin_mg_per_dl: Annotated[float | None, _option(help="Total bilirubin in mg/dL.")] = None
    bilirubin_umol_per_l: Annotated[float | None, _option(help="Total bilirubin in umol/L.")] = None
    pretreated_or_impaired: Annotated[
        bool | None, _option("--impaired/--not-impaired", help="Pretreated or compromised liver.")
    ] = None
    cirrhotic: Annotated[bool | None, _option("--cirrhotic/--not-cirrhotic", help="Cirrhosis.")] = None
    prior_radioembolization: Annotated[
        bool | None, _option("--treated-before/--first-treatment", help="Earlier radioembolization.")
    ] = None
    prior: Annotated[
        Path | None, _option(help="Folder of `yttria accumulate`: doses of earlier treatments, for the limits.")
    ] = None

    def evaluate(
        self, dosed: DosedCase, *, threads: int | None
    ) -> tuple[StructureMetrics | None, DeliveredLimits | None]:
        """Compute the requested evaluations; None for the others."""
        roles, found = self.roles(dosed.structures), None
        if self._names:
            found = structure_metrics(
                dosed.result,
                dosed.structures,
                self._names,
                roles=roles,
                parameters=self.parameters or (),
                device=self._device,
                hepatic_reserve_fraction=self.hepatic_reserve_fraction,
                histograms=dosed.histograms,
                threads=threads,
            )
        return found, self._limits(dosed, roles, threads) if self.limits is not None else None

    def roles(self, structures: Sequence[Structure]) -> DeliveredRoles:
        """Find the roles of structures, as stated or by their names."""
        return delivered_roles(structures, stated_roles(self.role or ()))

    def check(self) -> None:
        """Reject options without effect on the requested evaluations, and unknown names, before computing."""
        used = {"device", "hepatic_reserve_fraction"} if self.metrics else set()
        for name in self._facts():
            if self.limits is None and name not in used and getattr(self, name) is not None:
                raise ArgumentError(f"{name} is used only in the comparison with limits: name a guideline (limits)")
        if self.parameters and not self.metrics:
            raise ArgumentError("parameters are used only for quantities such as BED: request one (metrics)")
        if self.role and not (self.metrics or self.limits):
            raise ArgumentError("roles of structures (role) are used only for limits and metrics: request one of them")
        stated_roles(self.role or ())
        checked_metrics(self._names, self.parameters or (), self._device)
        if self.limits is not None:
            names = {"device": self.device, "disease": self.disease, "intent": self.intent}
            dose_limits(guideline=cast(Any, self.limits), **cast(Any, names))
            self._prior().keywords()

    def check_nuclide(self, nuclide: Nuclide) -> None:
        """Refuse microspheres that do not carry the nuclide of the dose."""
        device_of_dose(self._device, nuclide)

    @property
    def _names(self) -> list[str]:
        """Return the requested quantities."""
        return [text for text in (self.metrics or "").split(",") if text.strip()]

    @property
    def _device(self) -> Device | None:
        """The microspheres."""
        return cast("Device | None", self.device)

    def _facts(self) -> dict[str, Any]:
        """Return the statements for the limits, by option."""
        others = ("limits", "role", "metrics", "parameters")
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in others}

    def _prior(self) -> PriorDoses:
        if self.prior is not None:
            return read_prior_doses(self.prior)
        return PriorDoses(prior_normal_perfused_dose_gy=None, prior_normal_whole_dose_gy=None, prior_lung_dose_gy=None)

    def _limits(self, dosed: DosedCase, roles: DeliveredRoles, threads: int | None) -> DeliveredLimits:
        prior = self._prior()
        facts = self._facts() | prior.keywords()
        del facts["prior"]
        found = delivered_limits(
            dosed.result, dosed.structures, guideline=cast(Any, self.limits), roles=roles, threads=threads, **facts
        )
        of_prior = prior.advisories(Nuclide(dosed.case.nuclide))
        return replace(found, advisories=(*of_prior, *found.advisories))


def stated_roles(texts: list[str] | tuple[()]) -> dict[StructureRole, list[str]]:
    """Return patterns by role from texts such as "territories=Liver"; a role without a pattern has no structure."""
    found: dict[StructureRole, list[str]] = {}
    for text in texts:
        name, equals, pattern = text.partition("=")
        if not equals:
            raise ArgumentError(f"role must be ROLE=PATTERN, such as territories=Liver (role), got {text!r:.80}")
        patterns = found.setdefault(one_of("role of a structure", name.strip(), STRUCTURE_ROLES), [])
        patterns += [pattern.strip()] if pattern.strip() else []
    return found


def with_evaluation_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `EvaluationOptions`; its parameter `evaluation` takes them."""
    of_fields = get_type_hints(EvaluationOptions, include_extras=True)
    first, *own = (p for p in evaluated_signature(command).parameters.values() if p.name != "evaluation")
    parameters = [first] + [each.replace(kind=each.KEYWORD_ONLY) for each in own]
    parameters += [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=of_fields[each.name]
        )
        for each in fields(EvaluationOptions)
    ]

    @functools.wraps(command)
    def run(declared: dict[str, Any], **given: Any) -> None:
        stated = {each.name: given.pop(each.name) for each in fields(EvaluationOptions) if each.name in given}
        command(declared, evaluation=EvaluationOptions(**stated), **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run
