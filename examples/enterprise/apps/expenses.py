"""Expenses and business trips, as the methods of one service. Only read by loopbuild, never run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Category(StrEnum):
    TRAVEL = "travel"
    MEALS = "meals"
    EQUIPMENT = "equipment"
    TRAINING = "training"


@dataclass
class Expense:
    amount: float
    currency: str
    category: Category
    status: str


@dataclass
class ExpenseIds:
    expense_ids: list[str]


@dataclass
class NewExpense:
    expense_id: str


@dataclass
class NewTrip:
    trip_id: str


@dataclass
class TripIds:
    trip_ids: list[str]


@dataclass
class Done:
    status: str


class Expenses:
    """What employees spend for the company."""

    def submit_expense(self, employee_id: str, amount: float, category: Category, spent_date: date) -> NewExpense:
        """Submit an expense of an employee."""
        ...

    def list_employee_expenses(self, employee_id: str) -> ExpenseIds:
        """List what an employee has submitted."""
        ...

    def get_expense(self, expense_id: str) -> Expense:
        """Read an expense."""
        ...

    def attach_expense_receipt(self, expense_id: str, file_id: str) -> Done:
        """Attach a stored receipt to an expense."""
        ...

    def approve_expense(self, expense_id: str) -> Done:
        """Approve an expense, so that it is paid out."""
        ...

    def reject_expense(self, expense_id: str, reason: str) -> Done:
        """Reject an expense and say why."""
        ...

    def request_trip(self, employee_id: str, destination: str, start_date: date, end_date: date) -> NewTrip:
        """Request a business trip for an employee.

        Args:
            destination: The city.
        """
        ...

    def list_employee_trips(self, employee_id: str) -> TripIds:
        """List the business trips of an employee."""
        ...

    def cancel_trip(self, trip_id: str) -> Done:
        """Cancel a business trip."""
        ...
