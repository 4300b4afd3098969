"""The engine's laws and the faults it survives, each with the tests that hold it.

D: what is built step by step is what a clean build gives. F: whatever happens in between, too. A law is only as good as
its tests, so this table fails when one of them is renamed away.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

LAWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "D1": (
        "random graphs, random edits: incremental equals clean, byte for byte",
        (
            "property/test_engine_laws.py::test_step_by_step_is_clean_and_the_plan_is_true",
            "property/test_engine_laws.py::test_step_by_step_is_clean_and_the_plan_is_true_at_length",
            "pipeline/test_increments.py::test_two_clean_builds_make_the_same_bytes",
            "property/test_engine_laws.py::test_without_the_licence_to_prove_a_build_is_clean_whatever_was_proven_before",
            "pipeline/test_increments.py::test_without_revalidation_an_increment_is_byte_for_byte_a_clean_build",
        ),
    ),
    "D2": (
        "no target with an unchanged key runs, and each at most once a build",
        (
            "property/test_engine_laws.py::test_step_by_step_is_clean_and_the_plan_is_true",
            "engine/test_rows.py::test_going_back_runs_nothing",
        ),
    ),
    "D3": (
        "neutral edits run exactly what reads the file again",
        (
            "pipeline/test_increments.py::test_neutral_edits_of_a_schema_file_read_it_again_and_run_nothing_else",
            "pipeline/test_increments.py::test_neutral_edits_of_loop_yaml_run_nothing",
            "pipeline/test_increments.py::test_a_description_edit_samples_writes_and_judges_nothing",
        ),
    ),
    "D4": (
        "what is stale is what recomputing every key finds, and no more than peers run",
        (
            "property/test_engine_laws.py::test_step_by_step_is_clean_and_the_plan_is_true",
            "engine/test_peers_graph.py::test_what_runs_is_a_part_of_what_doit_runs",
            "engine/test_peers_graph.py::test_a_changed_line_runs_seven_and_a_comment_three",
        ),
    ),
    "D5": (
        "keys are equal across processes, places, locales, zones and hash seeds",
        (
            "property/test_keys.py::test_a_key_does_not_depend_on_the_process_or_its_surroundings",
            "pipeline/test_identity.py::test_keys_are_the_same_in_every_place_zone_locale_and_process",
        ),
    ),
    "D6": (
        "local, remote or no cache, one process or many: equal outputs",
        (
            "property/test_shared_cache.py::test_shared_is_clean",
            "engine/test_executors.py::test_processes_give_what_one_process_gives",
            "engine/test_executors.py::test_a_ray_cluster_gives_what_one_process_gives",
        ),
    ),
    "D7": (
        "questions change no file, and would is a part of what ran, that a part of would and may",
        (
            "cli/test_questions.py::test_questions_change_no_file",
            "engine/test_plan.py::test_questions_write_nothing",
            "property/test_engine_laws.py::test_a_plan_is_true_of_any_selection",
            "pipeline/test_increments.py::test_would_is_a_part_of_what_ran_and_that_of_would_and_may",
        ),
    ),
    "D8": (
        "the state of another release opens, is rebuilt with a message, or is refused",
        (
            "faults/test_power.py::test_an_index_of_another_release_is_made_anew_with_a_message_and_nothing_runs",
            "engine/test_store.py::test_a_newer_store_is_refused",
            "engine/test_store.py::test_a_lock_that_can_not_be_read_is_the_users_to_mend",
        ),
    ),
    "D9": (
        "what is told is what is hashed",
        (
            "property/test_explained.py::test_a_key_differs_exactly_when_something_is_told",
            "property/test_explained.py::test_one_field_perturbed_is_one_field_told",
            "property/test_explained.py::test_what_is_not_told_changes_no_key",
        ),
    ),
    "D10": (
        "proven rows hold under the new schemas",
        (
            "pipeline/test_increments.py::test_a_proven_row_holds_under_the_new_schemas",
            "property/test_engine_laws.py::test_proven_rows_differ_from_clean_ones_only_within_their_licence",
        ),
    ),
    "D11": (
        "a history replayed from its base gives equal digests",
        (
            "faults/test_histories.py::test_a_history_replayed_from_its_base_gives_equal_digests",
            "stages/training/test_train.py::test_same_job_twice_gives_the_same_bytes",
        ),
    ),
    "D12": (
        "adding a tool changes no key of what was planned before",
        (
            "stages/sampling/test_cells.py::test_a_new_tool_adds_cells_and_moves_none",
            "pipeline/test_increments.py::test_a_new_tool_changes_no_row_of_another",
        ),
    ),
    "D13": (
        "same name and other content is stale, storing keeps a key, an old value of what fails makes nobody fresh",
        (
            "engine/test_honest_actions.py::test_the_same_name_with_other_content_is_stale",
            "engine/test_honest_actions.py::test_going_through_the_store_keeps_a_key",
            "engine/test_honest_actions.py::test_the_old_value_of_something_that_fails_now_makes_nobody_fresh",
        ),
    ),
    "F1": (
        "killed at any moment: the next build is as clean, pays for nothing twice, and no orphan writes on",
        (
            "faults/test_engine_faults.py::test_killed_at_every_rename_the_next_build_is_as_clean",
            "faults/test_engine_faults.py::test_killed_at_random_moments_the_next_build_is_as_clean",
            "faults/test_paid_rows.py::test_a_kill_repeats_no_paid_call_but_the_one_in_flight",
            "engine/test_executors.py::test_workers_of_a_killed_build_write_nothing_more",
        ),
    ),
    "F2": (
        "no room, no quota, no file handle, no right to write: said, and nothing poisoned",
        (
            "faults/test_engine_faults.py::test_a_full_disk_is_said_and_poisons_nothing",
            "faults/test_limits.py::test_wherever_writing_ends_nothing_is_poisoned",
            "faults/test_limits.py::test_too_few_open_files_are_said",
        ),
    ),
    "F3": (
        "power loss: what was not synced is gone, what was paid for is not",
        (
            "faults/test_power.py::test_paid_answers_survive_a_power_loss",
            "faults/test_power.py::test_a_checkpoint_survives_a_power_loss_once_it_is_committed",
            "faults/test_paid_rows.py::test_a_paid_answer_is_on_the_disk_before_the_next_call",
        ),
    ),
    "F4": (
        "every class of file flipped, cut, emptied, garbage: healed or reported, never wrong, never wedged",
        (
            "faults/test_damage.py::test_whatever_is_damaged_the_next_build_is_as_clean",
            "faults/test_at_once.py::test_what_stands_in_the_lock_file_decides_nothing",
            "engine/test_store.py::test_a_lost_index_is_rebuilt_and_nothing_runs",
        ),
    ),
    "F5": (
        "a published file edited, deleted or replaced is restored without a run",
        ("engine/test_store.py::test_a_published_file_is_restored_without_a_run",),
    ),
    "F6": (
        "clocks and times that lie hide no edit",
        (
            "faults/test_clocks.py::test_a_same_size_edit_is_seen",
            "faults/test_clocks.py::test_new_times_on_the_same_bytes_run_nothing",
            "faults/test_clocks.py::test_leaving_a_branch_and_coming_back_runs_nothing",
        ),
    ),
    "F7": (
        "many at once: each action once, all succeed, no half file is seen",
        (
            "faults/test_at_once.py::test_ten_first_builds_and_three_askers_at_once",
            "faults/test_at_once.py::test_collecting_garbage_meanwhile_takes_nothing_a_build_needs",
            "faults/test_engine_faults.py::test_builds_at_once_all_succeed_and_run_each_action_once",
            "faults/test_together.py::test_what_another_build_makes_is_waited_for_last_and_taken",
            "faults/test_together.py::test_whatever_several_builds_do_to_each_other_the_next_one_is_as_clean",
            "faults/test_together.py::test_paid_rows_that_two_builds_want_under_different_keys_are_paid_once",
        ),
    ),
    "F8": (
        "an input that changes during an action does not mix in",
        (
            "faults/test_engine_faults.py::test_an_input_edited_while_it_is_read_does_not_mix_in",
            "faults/test_engine_faults.py::test_a_file_edited_while_it_was_built_from_does_not_pass_for_built",
        ),
    ),
    "F9": (
        "an action without its output, with more than that, or crashed after writing is not stored",
        (
            "engine/test_honest_actions.py::test_an_output_that_is_not_there_is_not_stored",
            "engine/test_honest_actions.py::test_a_row_too_few_fails_and_one_too_many_is_refused",
            "engine/test_executors.py::test_a_worker_that_dies_fails_its_target_and_not_the_build",
        ),
    ),
    "F10": (
        "a slow, failing, lying or full cache fails and poisons no build",
        (
            "engine/remote/test_remote_faults.py::test_a_build_over_a_bad_server_is_as_a_build_without_one",
            "engine/remote/test_remote_faults.py::test_a_poisoned_entry_is_not_believed",
            "engine/remote/test_remote_nginx.py::test_an_evicted_blob_is_a_miss_and_is_sent_again",
            "engine/remote/test_remote_nginx.py::test_a_read_only_server_is_read_and_said_once",
        ),
    ),
    "F11": (
        "an answer that fails is asked again alone, an alias that moves changes nothing, a cap is kept",
        (
            "faults/test_paid_rows.py::test_an_unusable_answer_fails_its_row_and_only_that_is_asked_again",
            "faults/test_paid_rows.py::test_another_served_model_is_another_answer_only_when_asked_again",
            "faults/test_paid_rows.py::test_at_the_cap_results_are_kept_and_more_room_pays_for_the_rest_alone",
            "faults/test_paid_rows.py::test_a_broken_line_keeps_what_was_answered_before",
        ),
    ),
    "F12": (
        "training cut short goes on from the last complete step, and never silently afresh",
        (
            "faults/test_histories.py::test_killed_in_mid_step_it_goes_on_from_the_last_complete_one",
            "faults/test_histories.py::test_steps_of_another_goal_are_not_gone_on_with",
            "faults/test_histories.py::test_a_damaged_parent_is_an_error_with_both_ways_out",
            "engine/test_targets.py::test_a_lost_parent_is_an_error_and_never_a_silent_beginning",
        ),
    ),
    "F13": (
        "very many targets, odd names, network disks, folders that can only be read",
        (
            "faults/test_places.py::test_very_many_targets_stay_linear",
            "faults/test_places.py::test_odd_names_of_files_and_folders_are_names_like_others",
            "faults/test_places.py::test_on_a_network_disk_there_is_no_log_in_shared_memory_and_one_is_told",
            "faults/test_limits.py::test_questions_are_answered_in_a_folder_that_can_only_be_read",
        ),
    ),
    "F14": (
        "merges of branches' locks converge and lose nothing that was paid for",
        (
            "property/test_merge_laws.py::test_every_order_of_merging_ends_with_the_same_lines",
            "property/test_merge_laws.py::test_no_line_is_lost_that_nobody_took_out",
        ),
    ),
}


@pytest.mark.parametrize("law", LAWS)
def test_every_law_is_held_by_tests_that_exist(law: str) -> None:
    sentence, tests = LAWS[law]
    assert sentence
    assert tests
    for test in tests:
        path, _, name = test.partition("::")
        tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in functions, f"{law}: nothing is called {test}"


def test_the_table_is_whole() -> None:
    assert list(LAWS) == [f"D{number}" for number in range(1, 14)] + [f"F{number}" for number in range(1, 15)]
