"""P(T + σZ ≤ u) with T ~ Gamma(d/2, 1) and Z ~ N(0, 1): the one integral behind the Gaussian intervention model.

Written as ∫ g(t) Φ((u − t)/σ) dt over the Gamma density g. With t = v² the integrand is smooth down to v = 0 for every
d, and Gauss–Legendre converges fast once the window is where the mass is. Whichever tail is the smaller one is
integrated, in logarithms, and the other follows from log(1 − x): both stay accurate to about ten digits however far
out.

The window rests on two bounds, with λ = φ/Φ, A = (d − 1)/2 and s = ±1 for the lower or upper tail:

* beside the mode of the integrand lies t₊, the root of t² − (u − σ²)t − Aσ² = 0 (because λ(x) ≥ −x), above it for the
  lower tail, below it for the upper one; the integrand falls at least as fast as a Gaussian of width σ from there;
* e^{−t} Φ(s(u − t)/σ) falls at least as fast as e^{−βt} with β = 1 + sλ(su/σ)/σ, so that beyond the Gamma quantile
  over β nothing is left.

What lies outside the window where Φ ≈ 1 (a sharp Φ, σ ≪ 1) is the regularised incomplete Gamma function.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from scipy import special

NODES = 32
REACH = 6.8
"""Half width of the window in units of σ; Φ(−6.8) is 5e-12."""

_LOG_ALMOST_ONE = -1e-18
_TAIL = 1e-13  # Gamma mass that may be left out, relative to the integral
_LIMIT = 1e12  # |u| beyond which p is 0 or 1 to every digit and doubles would lose their meaning
_ROOT_HALF = math.sqrt(0.5)
_ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)
_GAMMA_SAFE = 600.0  # Q(a, t) is a normal double up to here
_SERIES_TERMS = 20
_ERFC_SAFE = 20.0  # erfc(y) is a normal double up to y = 26; beyond 20 its asymptotic series is exact


class Tails(NamedTuple):
    """Both tails of T + σZ at u, with the derivatives of the smaller one; float64[b] each."""

    log_lower: torch.Tensor
    """ln P(T + σZ ≤ u)."""
    log_upper: torch.Tensor
    """ln P(T + σZ > u)."""
    lower: torch.Tensor
    """bool[b]: the smaller tail is the lower one."""
    slope: torch.Tensor | None
    """d/du of the logarithm of the smaller tail; None where no derivatives were asked for."""
    spread_slope: torch.Tensor | None
    """d/dσ of the same."""


@cache
def _legendre(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return nodes in (0, 1) and the logarithms of their weights, float64[count]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return torch.from_numpy((nodes + 1) / 2), torch.from_numpy(np.log(weights / 2))


@cache
def _reach_of_gamma(dimensions: int) -> float:
    """Return the t beyond which Gamma(d/2, 1) has no mass worth counting."""
    return float(special.gammainccinv(dimensions / 2, _TAIL))


def _log_ndtr_and_mills(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ln Φ(x) and λ(x) = φ(x)/Φ(x), accurate relatively for every x (five times faster than ``log_ndtr``)."""
    y = x * -_ROOT_HALF
    square = y * y
    # Clamped, because the branch that is not used must not overflow either.
    near = y.clamp(max=_ERFC_SAFE)
    erfc = torch.erfc(near)
    log_near = erfc.log()
    mills_near = torch.exp(-near * near) / erfc
    # The usual case returns here and does not compute the series.
    if not bool((y > _ERFC_SAFE).any()):
        return log_near - math.log(2), mills_near * _ROOT_TWO_OVER_PI
    inverse = 0.5 / square.clamp(min=_ERFC_SAFE**2)
    # erfcx(y) = (1 − 1/(2y²) + 3/(2y²)² − 15/(2y²)³ + …) / (y √π)
    erfcx = (1 - inverse * (1 - 3 * inverse * (1 - 5 * inverse * (1 - 7 * inverse)))) / (
        y.clamp(min=_ERFC_SAFE) * math.sqrt(math.pi)
    )
    far = y > _ERFC_SAFE
    log_ndtr = torch.where(far, erfcx.log() - square, log_near) - math.log(2)
    return log_ndtr, torch.where(far, 1 / erfcx, mills_near) * _ROOT_TWO_OVER_PI


def _window(
    u: torch.Tensor, scale: torch.Tensor, sign: torch.Tensor, dimensions: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ends of the window in t; see the module's docstring."""
    reach = REACH * scale
    variance = scale * scale
    half = (dimensions - 1) / 2 * variance
    lower = sign > 0
    # the bound on the mode of the upper tail needs Mills' ratio at most 0.8 above −x
    shifted = torch.stack((u, torch.where(lower, u, u + 0.8 * scale))) - variance
    root = (shifted * shifted + 4 * half).sqrt()
    # the stable one of the two ways to write the larger root of the quadratic
    modes = torch.where(shifted > 0, (shifted + root) / 2, 2 * half / (root - shifted).clamp(min=1e-300))
    start = (torch.where(lower, u, torch.minimum(u, modes[0])) - reach).clamp(min=0)
    gaussian_end = torch.where(lower, torch.maximum(u, modes[0]), torch.minimum(u, modes[1])) + reach
    mills = _log_ndtr_and_mills(sign * u / scale)[1]
    rate = 1 + sign * mills / scale
    gamma_end = torch.where(rate > 0, _reach_of_gamma(dimensions) / rate.clamp(min=1e-300), torch.inf)
    return start, torch.maximum(torch.minimum(gaussian_end, gamma_end), start)


def _remainder(
    u: torch.Tensor, scale: torch.Tensor, lower: torch.Tensor, ends: tuple[torch.Tensor, torch.Tensor], dimensions: int
) -> torch.Tensor:
    """Return the logarithm of the mass outside the window, where Φ ≈ 1 as far as there is any."""
    shape = torch.full((), dimensions / 2, dtype=u.dtype, device=u.device)
    near = ends[1].clamp(max=_GAMMA_SAFE)
    log_mass = torch.where(lower, torch.special.gammainc(shape, ends[0]), torch.special.gammaincc(shape, near)).log()
    far = ~lower & (ends[1] > _GAMMA_SAFE)
    if bool(far.any()):
        log_mass = torch.where(far, _log_gammaincc(dimensions / 2, ends[1].clamp(min=_GAMMA_SAFE)), log_mass)
    edge = torch.where(lower, u - ends[0], ends[1] - u) / scale
    log_cdf: torch.Tensor = torch.special.log_ndtr(edge)
    return log_mass + log_cdf


def _log_gammaincc(shape: float, t: torch.Tensor) -> torch.Tensor:
    """Return ln Q(a, t) for t ≫ a, where Q itself is too small for a double (asymptotic series)."""
    series = torch.ones_like(t)
    for k in range(_SERIES_TERMS, 0, -1):
        series = 1 + (shape - k) / t * series
    leading: torch.Tensor = (shape - 1) * t.log() - t - math.lgamma(shape)
    return leading + series.log()


def log_tails(
    u: torch.Tensor, scale: torch.Tensor, dimensions: int, *, nodes: int = NODES, derivatives: bool = True
) -> Tails:
    """Integrate both tails of T + σZ at u; takes no part in automatic differentiation.

    Parameters
    ----------
    u, scale : torch.Tensor
        float64[b]; ``scale`` is σ > 0.
    dimensions : int
        d ≥ 1.
    nodes : int
        Quadrature nodes; 32 give ten digits, 16 four.
    derivatives : bool
        Whether the slopes are wanted as well.
    """
    # Beyond the limit p is 0 or 1 in every digit.
    u = u.clamp(-_LIMIT, _LIMIT)
    # The mean of T is d/2. Below it the lower tail is the smaller one, and the smaller tail keeps its digits.
    lower = u <= dimensions / 2
    sign = torch.where(lower, 1.0, -1.0).to(u.dtype)
    ends = _window(u, scale, sign, dimensions)
    log_gamma, t = _gamma_mass(ends, dimensions, nodes)
    x = (u[:, None] - t) * (sign / scale)[:, None]
    log_cdf, mills = _log_ndtr_and_mills(x)
    log_mass = log_gamma + log_cdf
    everything = torch.cat((log_mass, _remainder(u, scale, lower, ends, dimensions)[:, None]), 1)
    # Slightly below 0, so that the other tail does not become the logarithm of 0.
    small = torch.logsumexp(everything, 1).clamp(max=_LOG_ALMOST_ONE)
    other = torch.log1p(-small.exp())
    slope, spread_slope = None, None
    if derivatives:
        # Each node's share of the integral: the derivative is their weighted mean, and no further integral is needed.
        share = torch.exp(log_mass - small[:, None]) * mills / scale[:, None]
        slope, spread_slope = share.sum(1) * sign, -(share * x).sum(1)
    return Tails(torch.where(lower, small, other), torch.where(lower, other, small), lower, slope, spread_slope)


def _gamma_mass(
    ends: tuple[torch.Tensor, torch.Tensor], dimensions: int, nodes: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ln(weight × Gamma density) at the nodes of the window, and the nodes; float64[b, nodes] each."""
    begin = ends[0].sqrt()
    width = ends[1].sqrt() - begin
    place, log_weight = (each.to(begin.device) for each in _legendre(nodes))
    v = torch.addcmul(begin[:, None], width[:, None], place)
    t = v * v
    # 2 v^{d−1} e^{−v²} / Γ(d/2) dv
    log_mass = log_weight - t
    if dimensions > 1:
        log_mass.add_(v.log_(), alpha=dimensions - 1)
    constant = math.log(2) - math.lgamma(dimensions / 2)
    return log_mass.add_((width.log() + constant)[:, None]), t
