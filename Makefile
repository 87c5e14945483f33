# Everything one types to work with bonerisk. `make help` lists it.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo table-aicxr table-ospenscreen table-spine table-morphometry table-deepsurv test test-all bench golden check licences lock wheel clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## make the environment in .venv

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	sed -n '/^uv==/,/# via/p' requirements.lock > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $(STAMP)

demo: install  ## train, evaluate and report on simulated chest films
	@set -e; \
	$(BIN)/bonerisk prepare dataset=phantom_chest preprocessing=grayscale_truncation_demo > /dev/null; \
	model=$$($(BIN)/bonerisk train model=ospenscreen_demo dataset=phantom_chest); \
	evaluation=$$($(BIN)/bonerisk evaluate run=$$model); \
	report=$$($(BIN)/bonerisk report "runs=[$$model,$$evaluation]"); \
	echo "the report: $$report/report.html"

# A paper's tables and figures: MODEL and DATASET are the user's own, as in
# make table-aicxr MODEL="aicxr encoder.weights=chexzero.pt" DATASET="dicom_folder dataset.image_root=/archive …"
GIVEN = model=$(MODEL) dataset=$(DATASET)

table-aicxr: MODEL = aicxr_demo
table-aicxr: DATASET = phantom_hospital dataset.events=enriched dataset.t_score_share=0.5
table-aicxr: install  ## AI-CXR's tables and figures, on the simulated hospital or on DATASET=…
	@set -e; of() { echo "$$1" | sed '$$d' | paste -s -d , -; }; \
	images=$$($(BIN)/bonerisk train -m $(GIVEN) features=embedding,embedding_demographics,embedding_t_score); \
	trees=$$($(BIN)/bonerisk train -m $(GIVEN) head=xgboost_printed features=fusion,patient,findings,patient_findings); \
	plain=$$($(BIN)/bonerisk train $(GIVEN) head=xgboost_printed features=patient_findings name=aicxr_without_proxies \
		features.without=[finding_fracture,finding_osteoporosis,finding_vertebroplasty]); \
	models=$$(of "$$images"),$$(of "$$trees"),$$plain; \
	evaluation=$$($(BIN)/bonerisk evaluate "run=[$$models]" evaluation=aicxr); \
	report=$$($(BIN)/bonerisk report "runs=[$$models,$$evaluation]"); \
	echo "the tables and figures: $$report/report.html"

# A teacher with DXA labels; its labels for films of UNLABELLED; a student of both, distilled (TRAINING); each hospital judged.
# CUTOFFS="cutoffs.normal=0.9" labels with another cut-off than the paper's.
# make table-ospenscreen MODEL=ospenscreen TRAINING=distillation DATASET="image_table …" UNLABELLED="nih …"
table-ospenscreen: MODEL = ospenscreen_demo
table-ospenscreen: TRAINING = distillation_demo
table-ospenscreen: DATASET = phantom_ospenscreen
table-ospenscreen: UNLABELLED = phantom_unlabelled
table-ospenscreen: CUTOFFS =
table-ospenscreen: install  ## OsPenScreen's tables and figures, on simulated hospitals or on DATASET=…
	@set -e; \
	measured=$$($(BIN)/bonerisk prepare dataset=$(DATASET)); \
	teacher=$$($(BIN)/bonerisk train $(GIVEN) name=ospenscreen_teacher); \
	proxies=$$($(BIN)/bonerisk pseudolabel run=$$teacher dataset=$(UNLABELLED) $(CUTOFFS)); \
	student=$$($(BIN)/bonerisk train model=$(MODEL) dataset=merged "dataset.runs=[$$measured,$$proxies]" \
		training=$(TRAINING) training.teacher=$$teacher); \
	evaluation=$$($(BIN)/bonerisk evaluate "run=[$$student,$$teacher]" dataset=$(DATASET) evaluation=ospenscreen \
		evaluation.explain=gradcam); \
	report=$$($(BIN)/bonerisk report "runs=[$$teacher,$$proxies,$$student,$$evaluation]"); \
	echo "the tables and figures: $$report/report.html"

# A detector of L1 to L5; its points instead of the true ones; a network an image variant; the first of PATCHED beside clinical
# models; Cox regression and DeepSurv of columns; FRAX where there is a column frax_major.
# make table-spine MODEL=spine_deepsurv DETECTOR=spine_keypoints WHOLE=encoder=resnet50 PATCHED=encoder=resnet50_patches DATASET="image_table …"
table-spine: MODEL = spine_deepsurv_demo
table-spine: DETECTOR = spine_keypoints_demo
table-spine: WHOLE = encoder=small_cnn preprocessing.size=160
table-spine: PATCHED = encoder=small_cnn_patches preprocessing.size=72
table-spine: DATASET = phantom_spine dataset.patients=900 dataset.events=enriched dataset.split=[0.6,0.1,0.3]
table-spine: install  ## spine DeepSurv's tables and figures, on simulated films or on DATASET=…
	@set -e; of() { echo "$$1" | sed '$$d' | paste -s -d , -; }; clinical=spine_model1,spine_model2,spine_model3; \
	detector=$$($(BIN)/bonerisk train model=$(DETECTOR) dataset=$(DATASET)); \
	precision=$$($(BIN)/bonerisk evaluate run=$$detector); \
	found=$$($(BIN)/bonerisk prepare dataset=$(DATASET) keypoints=$$detector preprocessing=none); \
	from="dataset=run dataset.run=$$found"; \
	patches=$$($(BIN)/bonerisk train -m model=$(MODEL) $$from $(PATCHED) name=image \
		preprocessing=spine_patches,spine_patches_masked); \
	whole=$$($(BIN)/bonerisk train -m model=$(MODEL) $$from $(WHOLE) name=image \
		preprocessing=spine_l1l5,spine_l1l5_masked,spine_l1l4,spine_l1l4_masked); \
	both=$$($(BIN)/bonerisk train -m model=$(MODEL) $$from $(PATCHED) name=image_and_columns preprocessing=spine_patches \
		features=$$clinical features.embedding=true); \
	cox=$$($(BIN)/bonerisk train -m model=cox $$from name=cox features=$$clinical); \
	deepsurv=$$($(BIN)/bonerisk train -m model=cox head=deepsurv $$from name=deepsurv features=$$clinical); \
	models=$$(of "$$patches"),$$(of "$$whole"),$$(of "$$both"),$$(of "$$cox"),$$(of "$$deepsurv"); \
	evaluation=$$($(BIN)/bonerisk evaluate "run=[$$models]" evaluation=spine_deepsurv evaluation.explain=gradcam); \
	report=$$($(BIN)/bonerisk report "runs=[$$found,$$detector,$$precision,$$models,$$evaluation]"); \
	echo "the tables and figures: $$report/report.html"

# make table-morphometry TABLE=points.csv FILMS=films.csv [GRADES=grades.csv] [NORMAL=normal.csv], or TABLE=<NHANES's folder>
table-morphometry: install  ## vertebral fractures by six points beside Genant's grades, simulated or of TABLE=…
	@$(BIN)/python scripts/table_morphometry.py $(TABLE) $(if $(FILMS),--films $(FILMS)) $(if $(GRADES),--grades $(GRADES)) \
		$(if $(NORMAL),--reference $(NORMAL)) $(OPTIONS)

# The folder holds the cohorts of Katzman et al. 2018 (github.com/jaredleekatzman/DeepSurv, experiments/data), or others of their layout.
table-deepsurv: DATA = data/deepsurv
table-deepsurv: install  ## DeepSurv and Cox regression on public cohorts (*.h5 of DATA=…), beside the published C-index
	@$(BIN)/python scripts/table_deepsurv.py $(DATA)

# Two processes; a file's tests stay in one, where they share what is made once. More threads would only be in their way.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

test: install  ## run the tests (those marked slow excepted)
	$(PYTEST)

test-all: install  ## run every test
	$(PYTEST) -m "slow or not slow"

bench: install  ## speed beside the naive way and the usual packages; R too where it is (bench_cox.py --peers R sksurv)
	$(BIN)/python scripts/bench_films.py
	$(BIN)/python scripts/bench_spine.py
	$(BIN)/python scripts/bench_index.py
	$(BIN)/python scripts/bench_join.py
	$(BIN)/python scripts/bench_cox.py
	$(BIN)/python scripts/bench_evaluation.py

golden: install  ## each statistic beside R's, on the data of tests/golden
	$(BIN)/python scripts/golden_table.py

check: install  ## ruff, mypy and the import contract
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

licences: install  ## the licence of every installed package
	$(BIN)/python scripts/licences.py

lock:  ## compile requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --quiet \
		--python-version 3.11 --extra dev pyproject.toml --output-file requirements.lock

wheel: install  ## build the wheel into dist/
	$(BIN)/uv build --quiet --wheel

clean:  ## remove the environment and what tools leave behind
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
