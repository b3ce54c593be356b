"""The peer OpenFisca: the three life events as variables, computed for all subjects at once.

OpenFisca computes with whole columns, so one call for the population is its best case. Each row
is one entity with the facts of parents, seller and buyer as columns of its own: projecting them
from other entities would only cost. Texts are enumerations or fixed-width bytes, people numbers.

    openfisca_peer.py SUBJECTS ANSWERS
"""

import time

start = time.perf_counter()

import datetime
import json
import sys
from importlib.metadata import version

import numpy
from openfisca_core.entities import Entity
from openfisca_core.indexed_enums import Enum
from openfisca_core.periods import DateUnit, period
from openfisca_core.simulation_builder import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

TODAY = "2026-11-20"

Row = Entity(key="row", plural="rows", label="A child with parents, and a parcel that was sold", doc="")


class Nationality(Enum):
    vietnamese = "Việt Nam"
    other = "other"


class TransferKind(Enum):
    sale = "chuyển nhượng"
    gift = "tặng cho"


# ------------------------------------------------------------------ facts


def fact(name, value_type, **more):
    """A column that the registers fill, as OpenFisca's own kind of class."""
    of = {"value_type": value_type, "entity": Row, "definition_period": DateUnit.ETERNITY}
    return type(name, (Variable,), {**of, "label": name, **more})


def nationality(name):
    return fact(name, Enum, possible_values=Nationality, default_value=Nationality.other)


FACTS = [
    fact("child_born_on", datetime.date),
    fact("child_birth_registered", bool),
    fact("child_school_grade1_enrolled", bool),
    fact("child_residence_province", str, max_length=2),
    nationality("mother_nationality"),
    fact("mother_marriage_recorded", bool),
    fact("mother_insurance_compulsory", bool),
    fact("mother_insurance_months_of_12", int),
    fact("mother_insurance_other_route", bool),
    fact("mother_tax_income_payer", bool),
    nationality("father_nationality"),
    fact("father_insurance_compulsory", bool),
    fact("parcel_owner", int),
    fact("parcel_registered_contract", str, max_length=16),
    fact("parcel_transfer_seller", int),
    fact("parcel_transfer_contract_no", str, max_length=16),
    fact("parcel_transfer_kind", Enum, possible_values=TransferKind, default_value=TransferKind.gift),
    fact("seller_spouse", int),
]

# ------------------------------------------------------------------ rules


class child_age(Variable):
    value_type = int
    entity = Row
    definition_period = DateUnit.DAY
    label = "Full years of age"

    # As OpenFisca's country template counts it.
    def formula(row, day, _parameters):
        born_on = row("child_born_on", day)
        year = born_on.astype("datetime64[Y]").astype(int) + 1970
        month = born_on.astype("datetime64[M]").astype(int) % 12 + 1
        day_of_month = (born_on - born_on.astype("datetime64[M]") + 1).astype(int)
        had_birthday = (month < day.start.month) + (month == day.start.month) * (
            day_of_month <= day.start.day
        )
        return day.start.year - year - numpy.where(had_birthday, 0, 1)


class mother_is_vietnamese(Variable):
    value_type = bool
    entity = Row
    definition_period = DateUnit.DAY
    label = "The mother is a citizen"

    def formula(row, day, _parameters):
        return row("mother_nationality", day) == Nationality.vietnamese


class father_is_vietnamese(Variable):
    value_type = bool
    entity = Row
    definition_period = DateUnit.DAY
    label = "The father is a citizen"

    def formula(row, day, _parameters):
        return row("father_nationality", day) == Nationality.vietnamese


def rule(name, formula):
    """A yes or no for each row. Dated formulas stand where the law of the day begins."""
    of = {"value_type": bool, "entity": Row, "definition_period": DateUnit.DAY}
    return type(name, (Variable,), {**of, "label": name, "formula_2026_09_01": formula})


def birth(row, day, _parameters):
    parent = row("mother_is_vietnamese", day) + row("father_is_vietnamese", day)
    return (row("child_age", day) < 6) * parent


def inland(row, day, _parameters):
    father = numpy.logical_not(row("mother_marriage_recorded", day)) + row("father_is_vietnamese", day)
    unregistered = numpy.logical_not(row("child_birth_registered", day))
    return row("birth", day) * unregistered * row("mother_is_vietnamese", day) * father


def foreign(row, day, _parameters):
    mother = numpy.logical_not(row("mother_is_vietnamese", day))
    father = row("mother_marriage_recorded", day) * numpy.logical_not(row("father_is_vietnamese", day))
    return row("birth", day) * numpy.logical_not(row("child_birth_registered", day)) * (mother + father)


def maternity(row, day, _parameters):
    route = (row("mother_insurance_months_of_12", day) >= 6) + row("mother_insurance_other_route", day)
    return row("birth", day) * row("mother_insurance_compulsory", day) * route


def dependant(row, day, _parameters):
    return row("birth", day) * row("child_birth_registered", day) * row("mother_tax_income_payer", day)


def paternity(row, day, _parameters):
    father = row("father_insurance_compulsory", day)
    return row("birth", day) * row("mother_marriage_recorded", day) * father


def grade1(row, day, _parameters):
    born = row("child_born_on", day).astype("datetime64[Y]").astype(int) + 1970
    waits = numpy.logical_not(row("child_school_grade1_enrolled", day))
    return (day.start.year == born + 6) * waits * (row("child_residence_province", day) != b"")


def land(row, day, _parameters):
    registered = row("parcel_registered_contract", day) == row("parcel_transfer_contract_no", day)
    owner = row("parcel_owner", day)
    sold = (owner == row("parcel_transfer_seller", day)) + (owner == row("seller_spouse", day))
    return numpy.logical_not(registered) * sold


def sale(row, day, _parameters):
    return row("land", day) * (row("parcel_transfer_kind", day) == TransferKind.sale)


def always(event):
    return lambda row, day, _parameters: row(event, day)


OUTPUTS = {
    "LE-BIRTH": rule("birth", birth),
    "LE-BIRTH/3.000722": rule("inland", inland),
    "LE-BIRTH/2.000528": rule("foreign", foreign),
    "LE-BIRTH/1.014166": rule("maternity", maternity),
    "LE-BIRTH/1.008498": rule("dependant", dependant),
    "LE-BIRTH/1.014168": rule("paternity", paternity),
    "LE-GRADE1": rule("grade1", grade1),
    "LE-GRADE1/grade1-enrolment": rule("grade1_enrolment", always("grade1")),
    "LE-LAND-TRANSFER": rule("land", land),
    "LE-LAND-TRANSFER/1.013831": rule("land_change", always("land")),
    "LE-LAND-TRANSFER/1.007277": rule("registration_fee", always("land")),
    "LE-LAND-TRANSFER/1.007674": rule("income_tax", sale),
}

# ------------------------------------------------------------------ the run


def boot():
    system = TaxBenefitSystem([Row])
    helpers = [child_age, mother_is_vietnamese, father_is_vietnamese]
    system.add_variables(*FACTS, *helpers, *OUTPUTS.values())
    return system


def column(variable, rows):
    """One fact of all rows, as OpenFisca holds it."""
    path = variable.__name__
    told = next(key for key in rows[0] if key.replace(".", "_") == path)
    values = [row[told] for row in rows]
    if variable.value_type is Enum:
        known = {one.value: one for one in variable.possible_values}
        default = variable.default_value
        return variable.possible_values.encode(numpy.array([known.get(it, default) for it in values]))
    if variable.value_type is datetime.date:
        return numpy.array(values, dtype="datetime64[D]")
    if variable.value_type is str:
        return numpy.array([it.encode() for it in values], dtype=f"|S{variable.max_length}")
    return numpy.array(values)


def decide(system, columns, count):
    """A fresh simulation with its inputs set; returns the processor time of the answers alone."""
    day = period(TODAY)
    simulation = SimulationBuilder.build_default_simulation(system, count)
    for name, values in columns.items():
        simulation.set_input(name, day, values)
    start = time.process_time()
    answers = {name: simulation.calculate(rule.__name__, day) for name, rule in OUTPUTS.items()}
    return time.process_time() - start, answers


def main(subjects, to):
    system = boot()
    boot_s = time.perf_counter() - start
    with open(subjects, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    columns = {variable.__name__: column(variable, rows) for variable in FACTS}
    decide(system, columns, len(rows))
    run_s, answers = decide(system, columns, len(rows))
    with open(to, "w", encoding="utf-8") as file:
        for name, values in answers.items():
            print(name, "".join("1" if met else "0" for met in values), file=file)
    said = {"engine": "openfisca", "version": version("openfisca-core"), "subjects": len(rows)}
    print(json.dumps({**said, "boot_s": boot_s, "run_s": run_s}))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("call it as: openfisca_peer.py SUBJECTS ANSWERS")
    main(*sys.argv[1:])
